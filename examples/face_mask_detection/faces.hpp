// What face mask detection tells apart, on the desk and on a chip.
#pragma once

inline constexpr const char* face_kinds[] = {"bare", "masked"};

/// Percent: the one that scores best on pictures held out from training.
inline constexpr int face_threshold = 66;
