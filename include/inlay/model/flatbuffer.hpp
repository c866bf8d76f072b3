// Inlay: a bounds-checked FlatBuffers reader. It knows nothing of TensorFlow Lite.
#pragma once

#include <inlay/config.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace inlay::inline INLAY_ABI {

/// The bytes of a file, of whatever character type: a constant expression cannot look at one as another.
class file_bytes {
 public:
  constexpr file_bytes(const char* data) : text_(data) {}
  constexpr file_bytes(const unsigned char* data) : bytes_(data) {}
  constexpr file_bytes(const signed char* data) : signed_bytes_(data) {}

  constexpr std::uint8_t operator[](std::uint32_t at) const {
    return text_ != nullptr    ? static_cast<std::uint8_t>(text_[at])
           : bytes_ != nullptr ? bytes_[at]
                               : static_cast<std::uint8_t>(signed_bytes_[at]);
  }

 private:
  const char* text_ = nullptr;
  const unsigned char* bytes_ = nullptr;
  const signed char* signed_bytes_ = nullptr;
};

namespace detail {

/// A table in a FlatBuffer; `at` is 0 where there is none.
struct flatbuffer_table {
  std::uint32_t at = 0;
  std::uint32_t vtable = 0;
  std::uint32_t vtable_bytes = 0;
  constexpr explicit operator bool() const { return at != 0; }
};

/// A vector in a FlatBuffer: `count` elements from `at`, all of them inside the file.
struct flatbuffer_vector {
  std::uint32_t at = 0;
  std::uint32_t count = 0;
};

/// Reads little-endian scalars, tables and vectors. A read beyond the end gives 0 and sets `damaged`, which
/// stays set; so callers may read on and look once.
class flatbuffer {
 public:
  /// size: bytes of the file, below 2 GiB.
  constexpr flatbuffer(file_bytes data, std::size_t size)
      : data_(data), size_(size < 0x7fffffffu ? static_cast<std::uint32_t>(size) : 0u) {}

  constexpr bool damaged() const { return damaged_; }
  constexpr std::uint32_t size() const { return size_; }

  // Without calls of one another: compilers bound those of a constant expression, and the importer reads much.
  constexpr std::uint8_t u8(std::uint32_t at) { return at < size_ ? data_[at] : damage(); }
  constexpr std::int8_t i8(std::uint32_t at) { return static_cast<std::int8_t>(u8(at)); }
  constexpr std::uint16_t u16(std::uint32_t at) {
    if (size_ < 2 || at > size_ - 2) return damage();
    return static_cast<std::uint16_t>(data_[at] | data_[at + 1] << 8);
  }
  constexpr std::uint32_t u32(std::uint32_t at) {
    if (size_ < 4 || at > size_ - 4) return damage();
    return std::uint32_t{data_[at]} | std::uint32_t{data_[at + 1]} << 8 | std::uint32_t{data_[at + 2]} << 16 |
           std::uint32_t{data_[at + 3]} << 24;
  }
  constexpr std::int32_t i32(std::uint32_t at) { return static_cast<std::int32_t>(u32(at)); }
  constexpr std::int64_t i64(std::uint32_t at) {
    if (size_ < 8 || at > size_ - 8) return damage();
    return static_cast<std::int64_t>(std::uint64_t{u32(at)} | std::uint64_t{u32(at + 4)} << 32);
  }
  constexpr float f32(std::uint32_t at) { return std::bit_cast<float>(u32(at)); }

  constexpr flatbuffer_table root() { return table_at(u32(0)); }

  /// Position of a field's value, 0 if the table leaves it out.
  constexpr std::uint32_t field(flatbuffer_table table, std::uint32_t id) {
    const std::uint32_t entry = 4 + 2 * id;
    if (!table || entry + 2 > table.vtable_bytes) return 0;
    const std::uint32_t offset = u16(table.vtable + entry);
    return offset == 0 ? 0 : table.at + offset;
  }

  constexpr std::int32_t i32_or(flatbuffer_table table, std::uint32_t id, std::int32_t otherwise) {
    const std::uint32_t at = field(table, id);
    return at == 0 ? otherwise : i32(at);
  }
  constexpr std::int8_t i8_or(flatbuffer_table table, std::uint32_t id, std::int8_t otherwise) {
    const std::uint32_t at = field(table, id);
    return at == 0 ? otherwise : i8(at);
  }
  constexpr bool flag(flatbuffer_table table, std::uint32_t id) { return i8_or(table, id, 0) != 0; }
  constexpr float f32_or(flatbuffer_table table, std::uint32_t id, float otherwise) {
    const std::uint32_t at = field(table, id);
    return at == 0 ? otherwise : f32(at);
  }

  /// The table that a field points to.
  constexpr flatbuffer_table child(flatbuffer_table table, std::uint32_t id) {
    const std::uint32_t at = field(table, id);
    return at == 0 ? flatbuffer_table{} : table_at(follow(at));
  }

  /// The vector that a field points to; empty if the field is left out or the vector leaves the file.
  constexpr flatbuffer_vector vector(flatbuffer_table table, std::uint32_t id, std::uint32_t element_bytes) {
    const std::uint32_t field_at = field(table, id);
    if (field_at == 0) return {};
    const std::uint32_t at = follow(field_at);
    const std::uint32_t count = u32(at);
    if (damaged_ || count > (size_ - at - 4) / element_bytes) {
      damaged_ = true;
      return {};
    }
    return {at + 4, count};
  }

  /// Element i of a vector of tables.
  constexpr flatbuffer_table table_in(flatbuffer_vector tables, std::uint32_t i) {
    if (i >= tables.count) {
      damaged_ = true;
      return {};
    }
    return table_at(follow(tables.at + 4 * i));
  }

 private:
  constexpr std::uint8_t damage() {
    damaged_ = true;
    return 0;
  }

  /// Offsets point forward from where they stand.
  constexpr std::uint32_t follow(std::uint32_t at) {
    const std::uint32_t offset = u32(at);
    if (offset == 0 || offset > size_ - at) {
      damaged_ = true;
      return size_;
    }
    return at + offset;
  }

  constexpr flatbuffer_table table_at(std::uint32_t at) {
    const std::int64_t vtable = std::int64_t{at} - i32(at);
    if (damaged_ || vtable < 0 || vtable > std::int64_t{size_} - 4) {
      damaged_ = true;
      return {};
    }
    const auto vtable_at = static_cast<std::uint32_t>(vtable);
    const std::uint32_t vtable_bytes = u16(vtable_at);
    if (vtable_bytes < 4 || vtable_bytes > size_ - vtable_at) {
      damaged_ = true;
      return {};
    }
    return {at, vtable_at, vtable_bytes};
  }

  file_bytes data_;
  std::uint32_t size_;
  bool damaged_ = false;
};

}  // namespace detail

}  // namespace inlay
