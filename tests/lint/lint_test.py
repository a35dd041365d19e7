#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each check finds what it is there for, and lets the rest pass."""
import unittest

import lint

HEAD = "// SPDX-License-Identifier: Apache-2.0\n"


def found(check, path, text):
    return list(lint.CHECKS[check](lint.File(path, text)))


class LintTest(unittest.TestCase):
    def finds(self, check, path, text):
        self.assertTrue(found(check, path, text), f"{check} let pass: {path}: {text}")

    def passes(self, check, path, text):
        self.assertEqual(found(check, path, text), [], f"{check}: {path}")

    def test_layers_of_the_house(self):
        self.finds("layers", "drivers/core/a.cpp", '#include "boards/inventory.hpp"\n')
        self.finds("layers", "boards/a.hpp", '#include "drivers/emulator/qemu.hpp"\n')
        self.finds("layers", "boards/a.hpp", '#include "drivers/tables.hpp"\n')
        self.finds("layers", "drivers/protocol/a.cpp", '#include "drivers/api/device.hpp"\n')
        self.finds("layers", "drivers/fake/a.cpp", '#include "drivers/emulator/x.hpp"\n')
        self.finds("layers", "controller/a.cpp", '#include "web/api/x.hpp"\n')
        self.finds("layers", "web/api/a.cpp", '#include "controller/bin/x.hpp"\n')
        self.finds("layers", "jobs/a.cpp", '#include "plan.hpp"\n')
        self.passes("layers", "jobs/a.cpp", '#include "boards/inventory.hpp"\n#include "jobs/plan.hpp"\n')
        self.passes("layers", "drivers/emulator/a.cpp", '#include "drivers/power/x.hpp"\n')
        self.passes("layers", "controller/bin/hilltopd.cpp", '#include "drivers/tables.hpp"\n#include "web/api/x.hpp"\n')
        self.passes("layers", "boards/a.hpp", '// #include "web/api/x.hpp"\n')

    def test_layers_of_libraries(self):
        self.finds("layers", "boards/a.cpp", "#include <sqlite3.h>\n")
        self.finds("layers", "web/api/a.cpp", "#include <boost/beast/core.hpp>\n")
        self.finds("layers", "jobs/a.cpp", "#include <yaml.h>\n")
        self.finds("layers", "controller/a.cpp", "#include <sqlite3.h>\n")
        self.finds("layers", "controller/a.cpp", "#include <boost/asio.hpp>\n")
        self.passes("layers", "controller/store/a.cpp", "#include <sqlite3.h>\n#include <vector>\n")
        self.passes("layers", "web/http/a.cpp", "#include <boost/beast/core.hpp>\n")

    def test_spawn(self):
        self.finds("spawn", "jobs/a.cpp", "asio::co_spawn(ex, f(), asio::detached);\n")
        self.finds("spawn", "tests/jobs/a_test.cpp", "  co_spawn(ex, f(), token);\n")
        self.passes("spawn", "drivers/core/task.cpp", "asio::co_spawn(ex, f(), token);\n")
        self.passes("spawn", "jobs/a.cpp", "/* co_spawn,\n detached */ // detached\nscope.spawn(f());\n")

    def test_shell(self):
        for code in ('std::system("ls");', "system (x);", 'popen(x, "r");', 'argv = {"/bin/sh", "-c", x};', '{"sh", "-c", x}'):
            self.finds("shell", "drivers/power/a.cpp", code + "\n")
            self.passes("shell", "tests/drivers/a_test.cpp", code + "\n")
        self.passes("shell", "jobs/a.cpp", 'file_system(x); std::error_code e = system_error("x", 1);\n')

    def test_length(self):
        self.finds("length", "jobs/a.cpp", "x\n" * 501)
        self.passes("length", "jobs/a.cpp", "x\n" * 500)

    def test_licence(self):
        self.finds("licence", "jobs/a.cpp", "#pragma once\n" + HEAD)
        self.finds("licence", "deploy/quickstart", "#!/bin/bash\necho\n")
        self.finds("licence", "boards/types/a.yaml", "a: 1\n")
        self.finds("licence", "jobs/empty.cpp", "")
        self.passes("licence", "jobs/a.cpp", HEAD)
        self.passes("licence", "deploy/quickstart", "#!/bin/bash\n# SPDX-License-Identifier: Apache-2.0\n")
        self.passes("licence", "README.md", "# hilltop\n")

    def test_unfinished(self):
        self.finds("unfinished", "jobs/a.cpp", "// TO" + "DO: later\n")
        self.passes("unfinished", "jobs/a.cpp", "// the to-do list\n")

    def test_headers(self):
        self.finds("headers", "jobs/a.hpp", HEAD + "int x;\n")
        self.finds("headers", "jobs/a.hpp", HEAD + "#pragma once\nusing namespace std;\n")
        self.passes("headers", "jobs/a.hpp", HEAD + "#pragma once\nusing namespace std::chrono_literals;\n")

    def test_tests(self):
        self.finds("tests", "tests/jobs/a_test.cpp", "TEST(Plan, Works) {\n")
        self.finds("tests", "tests/jobs/a_test.cpp", "TEST_F(Plan, Basic2) {\n")
        self.finds("tests", "tests/jobs/a_test.cpp", "std::this_thread::sleep_for(1s);\n")
        self.finds("tests", "tests/jobs/a_test.cpp", "std::jthread t(f);\n")
        self.passes("tests", "tests/jobs/a_mt_test.cpp", "std::jthread t(f);\n")
        self.passes("tests", "tests/jobs/a_test.cpp", "TEST(Plan, RefusesAnUnknownMethod) {\n  co_await sleep_for(1ms);\n")

    def test_data(self):
        self.finds("data", "boards/types/a.yaml", "description: x\n")
        self.finds("data", "boards/rules/a.yaml", "a: [\n")
        self.passes("data", "boards/types/a.yaml", "source: a page\n")

    def test_every_check_is_tested(self):
        tested = {name[len("test_"):].split("_")[0] for name in dir(self) if name.startswith("test_")}
        self.assertEqual(set(lint.CHECKS) - tested, set())


if __name__ == "__main__":
    unittest.main()
