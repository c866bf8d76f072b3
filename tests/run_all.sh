#!/usr/bin/env bash
# Installs what the tests need (Debian 12, Ubuntu 24.04), then builds and tests with every supported compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(cmake ninja-build python3 python3-venv g++-11 g++-12 clang-14 clang-15 clang-16 clang-19 libclang-rt-19-dev doctest-dev libbenchmark-dev
          libcli11-dev nlohmann-json3-dev libstb-dev ffmpeg meson pkg-config valgrind xxd
          gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-system-arm
          gcc-riscv64-unknown-elf qemu-system-misc
          g++-aarch64-linux-gnu qemu-user)

install_packages() {
  # Nothing to do, and no need of the network, where all are there.
  dpkg --status "${packages[@]}" > /dev/null 2>&1 && return
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo --preserve-env=DEBIAN_FRONTEND)
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update
  "${as_root[@]}" apt-get install --yes --no-install-recommends "${packages[@]}"
}

# Runs one part in a subshell, with its output in a log, too, and notes how it ended.
failed=0
parts=()
logs=build/logs
mkdir -p "$logs"
part() {
  local name=$1 start=$SECONDS result=passed
  shift
  printf '\n==== %s\n' "$name"
  if ! ("$@") 2>&1 | tee "$logs/$name.log"; then
    result=FAILED
    failed=1
  fi
  parts+=("$name: $result after $((SECONDS - start)) s")
}

meson_build() {
  CXX=g++-12 meson setup --wipe build/meson . 2> /dev/null || CXX=g++-12 meson setup build/meson . || return
  meson compile -C build/meson && meson test -C build/meson --print-errorlogs
}

# What asks TensorFlow Lite Micro is skipped where PyPI is out of reach, and done once.
oracle=$PWD/build/oracle
install_oracle() {
  [ -x "$oracle/bin/python" ] || python3 -m venv "$oracle"
  "$oracle/bin/pip" install --quiet --requirement tests/golden/requirements.txt \
    --requirement examples/network_design/requirements.txt
}

# So is what checks packages.
packaging=$PWD/build/packaging
install_packaging() {
  [ -x "$packaging/bin/python" ] || python3 -m venv "$packaging"
  "$packaging/bin/pip" install --quiet --requirement packaging/requirements.txt
}

# And what builds the manual.
manual=$PWD/build/manual
install_manual() {
  [ -x "$manual/bin/python" ] || python3 -m venv "$manual"
  "$manual/bin/pip" install --quiet --requirement docs/requirements.txt
}

preset() {
  local more=()
  [ "$1" = gcc-12 ] && [ -x "$oracle/bin/python" ] && more=("-DINLAY_ORACLE_PYTHON=$oracle/bin/python")
  [ "$1" = gcc-12 ] && [ -x "$packaging/bin/python" ] && more+=("-DINLAY_PACKAGES_PYTHON=$packaging/bin/python")
  [ "$1" = gcc-12 ] && [ -x "$manual/bin/python" ] && more+=("-DINLAY_MANUAL_PYTHON=$manual/bin/python")
  cmake --preset "$1" "${more[@]}" && cmake --build --preset "$1" && ctest --preset "$1"
}

install_packages
install_oracle || echo "There is no PyPI: tests that need TensorFlow Lite Micro are skipped"
install_manual || echo "There is no PyPI: the manual is not built"
install_packaging || echo "There is no PyPI: packages are made, and checked less"
part meson meson_build
for name in gcc-12 clang-19 sanitize; do
  part "$name" preset "$name"
done

# What each part's tests said at their end, skipped ones included.
for line in "${parts[@]}"; do
  printf '\n==== %s\n' "$line"
  sed -n '/tests passed\|^Ok: /,$p' "$logs/${line%%:*}.log"
done
exit "$failed"
