# SPDX-License-Identifier: Apache-2.0
# hilltop_library(NAME DIRS folder... [USES lower layers...] [LIBS third-party...]): one static library of all .cpp in the
# folders. What it does not USE it cannot link; tests/lint/layers holds the includes to the same order.

add_library(hilltop_options INTERFACE)
target_include_directories(hilltop_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(hilltop_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wunused
                       -Wno-missing-field-initializers -Werror=return-type -Werror=unused-result)
if(HILLTOP_WERROR)
  target_compile_options(hilltop_options INTERFACE -Werror)
endif()

function(hilltop_library name)
  cmake_parse_arguments(arg "" "" "DIRS;USES;LIBS" ${ARGN})
  set(sources)
  foreach(dir IN LISTS arg_DIRS)
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  list(TRANSFORM arg_USES PREPEND hilltop_)
  if(sources)
    add_library(hilltop_${name} STATIC ${sources})
    target_link_libraries(hilltop_${name} PUBLIC hilltop_options ${arg_USES} ${arg_LIBS})
    target_compile_options(hilltop_${name} PRIVATE $<$<BOOL:${HILLTOP_FUZZ}>:-fsanitize=fuzzer-no-link>)
    hilltop_precompiled(hilltop_${name} hilltop_headers)
  else()
    add_library(hilltop_${name} INTERFACE)
    target_link_libraries(hilltop_${name} INTERFACE hilltop_options ${arg_USES} ${arg_LIBS})
  endif()
endfunction()

# hilltop_embed(TARGET FUNCTION FOLDER): the files of FOLDER become part of TARGET: FUNCTION (with its namespace) gives
# their names and contents, as a std::vector of pairs of std::string_view.
function(hilltop_embed target function folder)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(code "// Made by CMake from ${folder}.\n#include <string_view>\n#include <utility>\n#include <vector>\n\n")
  string(REGEX REPLACE "::[^:]*$" "" namespace ${function})
  string(REGEX REPLACE "^.*::" "" name ${function})
  string(APPEND code "namespace ${namespace} {\nusing Files = std::vector<std::pair<std::string_view, std::string_view>>;\n"
         "const Files& ${name}()__SEMI__\nconst Files& ${name}() {\n  static const Files files = {\n")
  foreach(path IN LISTS files)
    get_filename_component(file ${path} NAME)
    file(READ ${path} content)
    string(APPEND code "      {\"${file}\", R\"hilltop(${content})hilltop\"},\n")
  endforeach()
  string(APPEND code "  }__SEMI__\n  return files__SEMI__\n}\n}\n")
  string(REPLACE "__SEMI__" ";" code "${code}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${name}.cpp CONTENT "${code}" @ONLY)
  target_sources(${target} PRIVATE ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
endfunction()
