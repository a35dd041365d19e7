// SPDX-License-Identifier: Apache-2.0
#include "web/page/page.hpp"

namespace hilltop::web {

std::string_view page_html() noexcept {
  return R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>hilltop</title>
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<header>
<h1>hilltop</h1>
<span id="who"></span>
<span id="link" role="status">not connected</span>
<button id="leave" type="button" hidden>forget token</button>
</header>
<main>
<section id="login" hidden>
<h2>Token</h2>
<p>Paste an API token. It stays in this tab. <code>hilltop token create</code> makes one; the quickstart prints a link that has one.</p>
<p><input id="token" type="password" autocomplete="off" aria-label="API token"> <button id="enter" type="button">Open</button></p>
<p id="login-problem" role="alert"></p>
</section>
<section id="lists" hidden>
<h2>Boards</h2>
<div class="scroll"><table><thead><tr><th>Board<th>Type<th>State<th>Health<th>Power<th>Who</tr></thead><tbody id="boards"></tbody></table></div>
<h2>Jobs</h2>
<div class="scroll"><table><thead><tr><th>Job<th>Name<th>Board<th>State<th>Verdict<th>Cases</tr></thead><tbody id="jobs"></tbody></table></div>
</section>
<section id="detail" hidden>
<h2><span id="title"></span> <button id="close" type="button" aria-label="close">close</button></h2>
<p id="note"></p>
<pre id="screen" tabindex="0" aria-label="console or log"></pre>
<div id="results" class="scroll"></div>
</section>
</main>
</body>
</html>
)html";
}

}  // namespace hilltop::web
