// Which way up a JPEG is stored: cameras note how they were held (the orientation tag of Exif) and leave it to
// the reader to turn the picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vision {

/// What must be done to a stored picture so that it stands upright, in this order.
struct orientation {
  bool mirrored = false;
  bool upside_down = false;
  bool transposed = false;
};

namespace detail {

/// Numbers of a TIFF header, which says itself in which order their bytes come; 0 outside of it.
struct tiff {
  std::span<const std::uint8_t> bytes;

  std::uint32_t byte(std::size_t at) const { return at < bytes.size() ? bytes[at] : 0; }
  bool little_endian() const { return byte(0) == 'I'; }
  std::uint32_t number16(std::size_t at) const {
    return little_endian() ? byte(at) | byte(at + 1) << 8 : byte(at) << 8 | byte(at + 1);
  }
  std::uint32_t number32(std::size_t at) const {
    return little_endian() ? number16(at) | number16(at + 2) << 16 : number16(at) << 16 | number16(at + 2);
  }
};

/// The value of the orientation tag, 1 (upright) if there is none.
inline std::uint32_t orientation_tag(const tiff& header) {
  constexpr std::uint32_t tag = 0x0112, entry_bytes = 12;
  const std::size_t directory = header.number32(4);
  for (std::size_t i = 0; i < header.number16(directory); ++i) {
    const std::size_t entry = directory + 2 + i * entry_bytes;
    if (header.number16(entry) == tag) return header.number16(entry + 8);
  }
  return 1;
}

/// The TIFF header inside a JPEG's Exif segment; empty if there is none.
inline tiff exif_of(std::span<const std::uint8_t> jpeg) {
  constexpr std::uint8_t application_1 = 0xe1, start_of_scan = 0xda;
  constexpr std::size_t exif_name = 6;  // "Exif" and two zeros
  for (std::size_t at = 2; at + 4 <= jpeg.size() && jpeg[at] == 0xff && jpeg[at + 1] != start_of_scan;) {
    const std::size_t length = std::size_t{jpeg[at + 2]} << 8 | jpeg[at + 3];
    const std::span<const std::uint8_t> rest = jpeg.subspan(at + 4);
    if (length < 2 || length - 2 > rest.size()) break;
    const bool named_exif = length - 2 > exif_name && rest[0] == 'E' && rest[1] == 'x';
    if (jpeg[at + 1] == application_1 && named_exif) return {rest.subspan(exif_name, length - 2 - exif_name)};
    at += 2 + length;
  }
  return {};
}

}  // namespace detail

inline orientation stored_orientation(std::span<const std::uint8_t> file) {
  const bool is_jpeg = file.size() > 2 && file[0] == 0xff && file[1] == 0xd8;
  if (!is_jpeg) return {};
  switch (detail::orientation_tag(detail::exif_of(file))) {
    case 2: return {.mirrored = true};
    case 3: return {.mirrored = true, .upside_down = true};
    case 4: return {.upside_down = true};
    case 5: return {.transposed = true};
    case 6: return {.upside_down = true, .transposed = true};
    case 7: return {.mirrored = true, .upside_down = true, .transposed = true};
    case 8: return {.mirrored = true, .transposed = true};
    default: return {};
  }
}

}  // namespace vision
