// SPDX-License-Identifier: Apache-2.0
// What an image does when it boots: one per ELF, chosen by -DVARIANT=variant_<name>.
// All are plain C conditions, so that every variant compiles in every build.
#pragma once

enum variant {
    variant_shell,     // waits for commands
    variant_pass,      // the rest run the suite at boot: all well
    variant_fail,      // one case fails, for a bug in the code it tests
    variant_fault,     // a hard fault within a case
    variant_hang,      // silence within a case
    variant_flood,     // 20,000 lines before the suite
    variant_cut,       // another message in the middle of a result line
    variant_malformed, // a result line with a wrong byte
    variant_reset,     // reboots once within a case; the second boot completes
};

#ifndef VARIANT
#error "define VARIANT"
#endif
