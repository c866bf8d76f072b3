# An overlay port: vcpkg install inlay --overlay-ports=FOLDER. The library stands beside this file.
set(VCPKG_BUILD_TYPE release)  # headers only
vcpkg_cmake_configure(
  SOURCE_PATH "${CURRENT_PORT_DIR}/source"
  OPTIONS -DINLAY_BUILD_TESTS=OFF -DINLAY_BUILD_EXAMPLES=OFF -DINLAY_BUILD_BENCH=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/inlay)
vcpkg_fixup_pkgconfig()
vcpkg_install_copyright(FILE_LIST "${CURRENT_PORT_DIR}/source/LICENSE")
