// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hilltop::jobs {

/// `text` as an XML attribute's value or an element's content: no '<', '>' or '"' is left in it. What XML does not
/// allow and what is no UTF-8 becomes '?'. Source: XML 1.0, sections 2.2 and 2.4.
[[nodiscard]] std::string xml_text(std::string_view text);

}  // namespace hilltop::jobs
