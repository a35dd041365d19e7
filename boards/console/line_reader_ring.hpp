// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "boards/console/line_reader.hpp"

namespace hilltop::boards {

/// The io_uring engine, untried: LineReader::make_io_uring() tries one on a terminal first. Errors: io when this kernel
/// refuses the ring or its eventfd. Thread: the one that calls. Source: io_uring_setup(2), io_uring_register(2).
Result<std::unique_ptr<LineReader>> make_ring_reader(LineReader::Room room);

}  // namespace hilltop::boards
