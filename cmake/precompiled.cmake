# SPDX-License-Identifier: Apache-2.0
# The headers that nearly every file reads, parsed once: std, Asio and JSON, and GoogleTest for tests. They save a quarter
# to a half of a file's compile time, which is what limits this project. No header of our own is in them, so that
# a change never rebuilds more than what includes it; files still include what they use.

set(HILLTOP_HEADERS <algorithm> <array> <atomic> <chrono> <cstdint> <deque> <filesystem> <fstream> <functional> <map> <memory> <mutex>
    <optional> <set> <span> <string> <string_view> <thread> <unordered_map> <variant> <vector> <boost/asio/awaitable.hpp>
    <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp> <boost/asio/steady_timer.hpp> <boost/asio/experimental/awaitable_operators.hpp>
    <nlohmann/json.hpp>)

# ccache may keep what was compiled with them: no time stamp in the file (sloppiness: pch_defines,time_macros).
function(hilltop_precompile target)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${target}.cpp CONTENT "")
  add_library(${target} OBJECT ${CMAKE_BINARY_DIR}/generated/${target}.cpp)
  target_compile_options(${target} PRIVATE -fpch-instantiate-templates "SHELL:-Xclang -fno-pch-timestamp")
  target_precompile_headers(${target} PRIVATE ${ARGN})
endfunction()

# hilltop_precompiled(TARGET FROM): TARGET is compiled with the headers of FROM.
function(hilltop_precompiled target from)
  target_precompile_headers(${target} REUSE_FROM ${from})
endfunction()

hilltop_precompile(hilltop_headers ${HILLTOP_HEADERS})
target_link_libraries(hilltop_headers PRIVATE hilltop_options asio nlohmann_json::nlohmann_json)
target_compile_options(hilltop_headers PRIVATE $<$<BOOL:${HILLTOP_FUZZ}>:-fsanitize=fuzzer-no-link>)  # as the libraries
if(HILLTOP_TESTS)
  find_package(GTest REQUIRED)
  hilltop_precompile(hilltop_test_headers ${HILLTOP_HEADERS} <gtest/gtest.h> <gmock/gmock.h>)
  target_link_libraries(hilltop_test_headers PRIVATE hilltop_options asio nlohmann_json::nlohmann_json GTest::gmock)
endif()
