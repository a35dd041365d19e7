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
  else()
    add_library(hilltop_${name} INTERFACE)
    target_link_libraries(hilltop_${name} INTERFACE hilltop_options ${arg_USES} ${arg_LIBS})
  endif()
endfunction()
