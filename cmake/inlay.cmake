# inlay_add_model(TARGET FILE.tflite [NAME IDENTIFIER] [SECTION SECTION])
#
# Lets TARGET write #include "IDENTIFIER.hpp" for a constexpr array IDENTIFIER with the file's bytes, to be
# given to inlay::tflite<IDENTIFIER>. IDENTIFIER defaults to the file's name. The header is made in the binary
# directory, again whenever the file changes. With SECTION .qspi the model's constants are in sections
# .qspi.IDENTIFIER_at_POSITION, which a linker script can place together or one by one.
function(inlay_add_model target file)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "NAME;SECTION" "")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "inlay_add_model: unexpected arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  cmake_path(ABSOLUTE_PATH file NORMALIZE)
  if(NOT arg_NAME)
    # As embed.py has it.
    cmake_path(GET file STEM LAST_ONLY arg_NAME)
    string(REGEX REPLACE "[^A-Za-z0-9]+" "_" arg_NAME "${arg_NAME}")
    if(NOT arg_NAME MATCHES "^[A-Za-z]")
      string(REGEX REPLACE "^_" "" arg_NAME "${arg_NAME}")
      set(arg_NAME "model_${arg_NAME}")
    endif()
  endif()
  if(NOT Python3_EXECUTABLE)
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
  endif()

  # A directory for each target: two targets may use one name for different files.
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_models)
  set(header ${folder}/${arg_NAME}.hpp)
  set(embed ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed.py)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${Python3_EXECUTABLE} ${embed} ${file} ${header} ${arg_NAME} --section "${arg_SECTION}"
    DEPENDS ${file} ${embed}
    COMMENT "Embedding ${arg_NAME}"
    VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
