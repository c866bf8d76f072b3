include(${CMAKE_CURRENT_LIST_DIR}/inlay-targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/inlay.cmake)
