// What the classes of visual wake words are, on the desk and on a chip.
#pragma once

inline constexpr const char* presence_kinds[] = {"no person", "person"};

/// Percent: from there on a person is there.
inline constexpr int presence_threshold = 50;
