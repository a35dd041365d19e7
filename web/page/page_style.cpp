// SPDX-License-Identifier: Apache-2.0
#include "web/page/page.hpp"

namespace hilltop::web {

std::string_view page_style() noexcept {
  return R"css(:root { color-scheme: light dark; --fg: #1c1f23; --bg: #fcfcfb; --soft: #6b7078; --line: #dfe1e4; --well: #f1f2f3;
  --good: #1d7a3a; --bad: #b3261e; --warn: #8a5a00; --link: #1a56b0; }
@media (prefers-color-scheme: dark) { :root { --fg: #e3e5e8; --bg: #15171a; --soft: #979da6; --line: #2d3136; --well: #1d2024;
  --good: #63c281; --bad: #f28b82; --warn: #e0b050; --link: #8ab4f8; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--fg); background: var(--bg); font: 15px/1.45 system-ui, sans-serif; }
header { display: flex; gap: 1rem; align-items: baseline; padding: .6rem 1rem; border-bottom: 1px solid var(--line); flex-wrap: wrap; }
h1 { font-size: 1.1rem; margin: 0; }
h2 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
#link, #who, #note { color: var(--soft); }
#link { margin-left: auto; }
main { max-width: 72rem; margin: 0 auto; padding: 0 1rem 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: normal; font-size: .85rem; }
td.why { white-space: normal; }
button { font: inherit; color: var(--link); background: none; border: 1px solid var(--line); border-radius: 4px; padding: .1rem .6rem; cursor: pointer; }
td button { border: 0; padding: 0; }
input { font: inherit; color: inherit; background: var(--well); border: 1px solid var(--line); border-radius: 4px; padding: .2rem .5rem; width: min(28rem, 100%); }
pre { background: var(--well); border: 1px solid var(--line); border-radius: 4px; padding: .6rem; margin: 0; height: 24rem; overflow: auto;
  white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.35 ui-monospace, monospace; }
pre:focus { outline: 2px solid var(--link); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .soft { color: var(--soft); }
@media (max-width: 40rem) { main { padding: 0 .6rem 1rem; } pre { height: 60vh; } th, td { padding-right: .5rem; } }
)css";
}

}  // namespace hilltop::web
