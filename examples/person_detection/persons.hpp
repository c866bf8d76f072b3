// What person detection tells apart, on the desk and on a chip.
#pragma once

inline constexpr const char* person_kinds[] = {"person"};

/// Percent: the one that scores best on pictures held out from training.
inline constexpr int person_threshold = 34;
