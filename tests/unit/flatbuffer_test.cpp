#include <inlay/model/flatbuffer.hpp>

#include "both.hpp"

#include <cstddef>
#include <cstdint>

using inlay::detail::flatbuffer;
using inlay::detail::flatbuffer_table;
using inlay::detail::flatbuffer_vector;

namespace {

// A file by hand: the root table at 16 with four fields, its vtable before it.
//
//   0  root → 16
//   4  vtable: 12 bytes, table 20 bytes, fields at +4 (int32), +8 (vector), +12 (child), absent
//  16  table: vtable at −12; 0x04030201; vector at 32; child at 44; float −1
//  32  vector of 3 bytes: 7, 8, 9
//  40  vtable of the child: 4 bytes, no fields
//  44  child: vtable at −4
constexpr unsigned char sound[] = {
    16, 0, 0,  0,                                        //
    12, 0, 20, 0, 4, 0, 8, 0, 12, 0, 0, 0,               //
    12, 0, 0,  0, 1, 2, 3, 4, 8,  0, 0, 0, 16, 0, 0, 0,  //
    3,  0, 0,  0, 7, 8, 9, 0,                            //
    4,  0, 4,  0,                                        //
    4,  0, 0,  0,                                        //
};

struct bytes {
  unsigned char data[sizeof sound]{};
};

/// The file with one byte changed.
constexpr bytes changed(std::size_t at, unsigned char value) {
  bytes copy{};
  for (std::size_t i = 0; i < sizeof sound; ++i) copy.data[i] = sound[i];
  copy.data[at] = value;
  return copy;
}

/// Visits everything there is; true if nothing was wrong.
template <typename Byte>
constexpr bool reads_well(const Byte* data, std::size_t size) {
  flatbuffer file(data, size);
  const flatbuffer_table root = file.root();
  file.i32_or(root, 0, 0);
  const flatbuffer_vector vector = file.vector(root, 1, 1);
  for (std::uint32_t i = 0; i < vector.count; ++i) file.u8(vector.at + i);
  file.child(root, 2);
  return !file.damaged();
}

constexpr bool reads_well_with(std::size_t at, unsigned char value) {
  const bytes copy = changed(at, value);
  return reads_well(copy.data, sizeof copy.data);
}

constexpr bool a_sound_file_is_read() {
  flatbuffer file(sound, sizeof sound);
  const flatbuffer_table root = file.root();
  const flatbuffer_vector vector = file.vector(root, 1, 1);
  const flatbuffer_table child = file.child(root, 2);
  return root.at == 16 && file.i32_or(root, 0, -1) == 0x04030201 && vector.count == 3 && file.u8(vector.at + 2) == 9 &&
         child.at == 44 && !file.damaged();
}

constexpr bool absent_fields_have_their_default() {
  flatbuffer file(sound, sizeof sound);
  const flatbuffer_table root = file.root();
  return file.i32_or(root, 3, 5) == 5 && file.i8_or(root, 4, -6) == -6 && file.f32_or(root, 1000, 2.5f) == 2.5f &&
         !file.child(root, 3) && file.vector(root, 3, 4).count == 0 && !file.flag(root, 3) && !file.damaged();
}

constexpr bool scalars_are_little_endian() {
  constexpr signed char data[] = {1, 2, 3, -4, 0, 0, -128, -65};
  flatbuffer file(data, sizeof data);
  return file.u8(3) == 252 && file.i8(3) == -4 && file.u16(0) == 0x0201 && file.u32(0) == 0xfc030201u &&
         file.i32(0) == -66911743 && file.i64(0) == static_cast<std::int64_t>(0xbf800000fc030201u) &&
         file.f32(4) == -1.0f && !file.damaged();
}

constexpr bool truncation_is_damage() {
  for (std::size_t size = 0; size < sizeof sound; ++size)
    if (reads_well(sound, size)) return false;
  return reads_well(sound, sizeof sound);
}

constexpr bool a_read_beyond_the_end_is_zero_and_stays_damage() {
  flatbuffer file(sound, sizeof sound);
  const auto size = static_cast<std::uint32_t>(sizeof sound);
  const bool zero = file.u8(size) == 0 && file.u16(size - 1) == 0 && file.u32(size - 3) == 0 &&
                    file.i64(size - 7) == 0 && file.u32(0xfffffffdu) == 0;
  file.u8(0);
  return zero && file.damaged();
}

constexpr bool offsets_out_of_range_are_damage() {
  return !reads_well_with(0, 200)       // root beyond the end
         && !reads_well_with(3, 0xff)   // root offset with its sign bit set
         && !reads_well_with(24, 200)   // vector beyond the end
         && !reads_well_with(28, 200)   // child beyond the end
         && !reads_well_with(8, 200)    // field beyond the end
         && !reads_well_with(16, 17)    // vtable before the start
         && !reads_well_with(19, 0x80)  // vtable far behind the end
         && !reads_well_with(4, 60);    // vtable longer than the file
}

constexpr bool a_vtable_too_short_is_damage() { return !reads_well_with(4, 3) && !reads_well_with(40, 0); }

/// An offset of 0 would make a table its own child.
constexpr bool tables_cannot_refer_to_themselves() {
  return !reads_well_with(0, 0) && !reads_well_with(28, 0) && !reads_well_with(24, 0);
}

/// Offsets are unsigned and point forward: from child to child, a walk leaves the file sooner or later.
constexpr bool a_walk_of_children_ends() {
  // The child's vtable is the root's, so that it seems to have a child of its own, and so on.
  const bytes copy = changed(44, 40);
  flatbuffer file(copy.data, sizeof copy.data);
  flatbuffer_table table = file.root();
  std::size_t steps = 0;
  while (table && steps <= sizeof sound) {
    table = file.child(table, 2);
    ++steps;
  }
  return steps <= sizeof sound;
}

/// A table that is its own vtable is odd, but nothing outside the file is read.
constexpr bool a_table_may_be_its_own_vtable() {
  constexpr unsigned char data[] = {4, 0, 0, 0, 0, 0, 0, 0};
  flatbuffer file(data, sizeof data);
  return !file.root() && file.damaged();  // its size reads as 0
}

constexpr bool vectors_larger_than_the_file_are_damage() {
  return !reads_well_with(32, 13)       // one more than there is
         && !reads_well_with(35, 0xff)  // count beyond 2^31
         && !reads_well_with(34, 0x40) && reads_well_with(32, 12);
}

/// 2^30 + 1 elements of 4 bytes would be 4 bytes modulo 2^32.
constexpr bool a_vector_size_cannot_overflow() {
  bytes copy = changed(32, 1);
  copy.data[35] = 0x40;
  flatbuffer file(copy.data, sizeof copy.data);
  const flatbuffer_vector vector = file.vector(file.root(), 1, 4);
  return vector.count == 0 && file.damaged();
}

constexpr bool elements_beyond_a_vector_are_damage() {
  flatbuffer file(sound, sizeof sound);
  const flatbuffer_vector vector = file.vector(file.root(), 1, 1);
  return !file.table_in(vector, 3) && file.damaged();
}

}  // namespace

TEST_CASE("flatbuffer: sound files") {
  CHECK_BOTH(a_sound_file_is_read);
  CHECK_BOTH(absent_fields_have_their_default);
  CHECK_BOTH(scalars_are_little_endian);
}

TEST_CASE("flatbuffer: truncated data") {
  CHECK_BOTH(truncation_is_damage);
  CHECK_BOTH(a_read_beyond_the_end_is_zero_and_stays_damage);
}

TEST_CASE("flatbuffer: offsets out of range") {
  CHECK_BOTH(offsets_out_of_range_are_damage);
  CHECK_BOTH(a_vtable_too_short_is_damage);
}

TEST_CASE("flatbuffer: cycles") {
  CHECK_BOTH(tables_cannot_refer_to_themselves);
  CHECK_BOTH(a_walk_of_children_ends);
  CHECK_BOTH(a_table_may_be_its_own_vtable);
}

TEST_CASE("flatbuffer: vectors") {
  CHECK_BOTH(vectors_larger_than_the_file_are_damage);
  CHECK_BOTH(a_vector_size_cannot_overflow);
  CHECK_BOTH(elements_beyond_a_vector_are_damage);
}
