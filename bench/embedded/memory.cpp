// What a compiler calls of a C library whatever the program says, where there is no C library. Words at a time where
// both sides stand on words, as C libraries for small processors have it; part of a program's code.
#include <cstddef>
#include <cstdint>

namespace {

using word [[gnu::may_alias]] = std::uint32_t;

bool on_words(const void* a, const void* b) {
  return ((reinterpret_cast<std::uintptr_t>(a) | reinterpret_cast<std::uintptr_t>(b)) & 3) == 0;
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, std::size_t bytes) {
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  if (on_words(out, in))
    for (; bytes >= 4; bytes -= 4, out += 4, in += 4)
      *reinterpret_cast<word*>(out) = *reinterpret_cast<const word*>(in);
  for (; bytes > 0; --bytes) *out++ = *in++;
  return to;
}

void* memmove(void* to, const void* from, std::size_t bytes) {
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  if (out <= in || out >= in + bytes) return memcpy(to, from, bytes);
  while (bytes-- > 0) out[bytes] = in[bytes];
  return to;
}

void* memset(void* to, int value, std::size_t bytes) {
  auto* out = static_cast<unsigned char*>(to);
  const auto byte = static_cast<unsigned char>(value);
  if (on_words(out, out))
    for (; bytes >= 4; bytes -= 4, out += 4) *reinterpret_cast<word*>(out) = byte * 0x01010101u;
  for (; bytes > 0; --bytes) *out++ = byte;
  return to;
}

int memcmp(const void* a, const void* b, std::size_t bytes) {
  const auto *x = static_cast<const unsigned char*>(a), *y = static_cast<const unsigned char*>(b);
  for (; bytes > 0; --bytes, ++x, ++y)
    if (*x != *y) return *x - *y;
  return 0;
}

std::size_t strlen(const char* text) {
  std::size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}
}
