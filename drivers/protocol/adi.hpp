// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

/// Arm's debug access: debug port (DP), memory access port (MEM-AP), and a Cortex-M's debug registers.
/// Source: Arm IHI 0031 (ADIv5.0 to ADIv5.2): chapters B2 (DP registers), B4 and B5 (SWD), C1 and C2 (AP, MEM-AP);
/// Arm DDI 0403 (ARMv7-M) B3.2 and C1.6.
namespace hilltop::drivers::adi {

// DP registers. IHI 0031, B2.2.
inline constexpr std::uint8_t dp_dpidr = 0x0;  ///< read
inline constexpr std::uint8_t dp_abort = 0x0;  ///< write
inline constexpr std::uint8_t dp_ctrl_stat = 0x4;
inline constexpr std::uint8_t dp_select = 0x8;  ///< write: APSEL[31:24], APBANKSEL[7:4], DPBANKSEL[3:0]
inline constexpr std::uint8_t dp_rdbuff = 0xc;

// CTRL/STAT. IHI 0031, B2.2.2.
inline constexpr std::uint32_t system_power_ack = 1u << 31;
inline constexpr std::uint32_t system_power_request = 1u << 30;
inline constexpr std::uint32_t debug_power_ack = 1u << 29;
inline constexpr std::uint32_t debug_power_request = 1u << 28;
inline constexpr std::uint32_t power_request = system_power_request | debug_power_request;
inline constexpr std::uint32_t power_ack = system_power_ack | debug_power_ack;

// ABORT. IHI 0031, B2.2.1.
inline constexpr std::uint32_t abort_transaction = 1u << 0;
inline constexpr std::uint32_t clear_sticky = 0x1e;  ///< ORUNERRCLR, WDERRCLR, STKERRCLR, STKCMPCLR

// MEM-AP registers. IHI 0031, C2.6.
inline constexpr std::uint8_t ap_csw = 0x00;
inline constexpr std::uint8_t ap_tar = 0x04;
inline constexpr std::uint8_t ap_drw = 0x0c;
inline constexpr std::uint8_t ap_idr = 0xfc;
// CSW: IHI 0031, C2.6.4; Prot and MasterType as an AHB-AP wants them (debugger, privileged, data): appendix E1.2.
inline constexpr std::uint32_t csw_bytes = 0x23000010;  ///< 8 bits, address goes up by one
inline constexpr std::uint32_t csw_words = 0x23000012;  ///< 32 bits, address goes up by four
/// An address goes up by itself within blocks of this size at least. IHI 0031, C2.2.2.
inline constexpr std::uint32_t increment_block_bytes = 1024;

// Cortex-M. DDI 0403, B3.2.3, B3.2.6, C1.6.2.
inline constexpr std::uint32_t cpuid = 0xe000ed00;
inline constexpr std::uint32_t aircr = 0xe000ed0c;
inline constexpr std::uint32_t aircr_system_reset = 0x05fa0004;  ///< VECTKEY, SYSRESETREQ
inline constexpr std::uint32_t dhcsr = 0xe000edf0;
inline constexpr std::uint32_t dhcsr_run = 0xa05f0000;   ///< DBGKEY, no C_DEBUGEN
inline constexpr std::uint32_t dhcsr_halt = 0xa05f0003;  ///< DBGKEY, C_DEBUGEN, C_HALT
inline constexpr std::uint32_t dhcsr_s_halt = 1u << 17;
inline constexpr std::uint32_t dhcsr_s_reset = 1u << 25;  ///< was reset since it was last read

/// Bits to send, least significant bit of the first byte first.
struct Bits {
  std::string_view bytes;
  unsigned count = 0;
};
/// Each begins a connection: what to send before DPIDR is read. The first is for ports that begin with JTAG or are
/// SWD, the second for those that are dormant. IHI 0031, B5.2.1 (JTAG to SWD: 0xe79e), B5.3.4 (selection alert
/// 0x19bc0ea2'e3ddafe9'86852d95'6209f392, activation code 0x1a), B4.3.3 (line reset: at least 50 ones).
[[nodiscard]] std::vector<Bits> switch_to_swd();
[[nodiscard]] std::vector<Bits> wake_to_swd();

/// A stretch of memory that one setting of TAR reaches, in whole words.
struct Words {
  std::uint32_t address = 0;
  std::uint32_t count = 0;
  bool operator==(const Words&) const = default;
};
/// The words that hold `size` bytes at `address`, cut where the address does not go up by itself and at `most_words`.
[[nodiscard]] std::vector<Words> words_of(std::uint32_t address, std::uint32_t size, std::uint32_t most_words);

/// Whether a debug port can say this of itself: bit 0 is one, and its designer is not 0. IHI 0031, B2.2.5.
[[nodiscard]] bool is_dpidr(std::uint32_t value);

}  // namespace hilltop::drivers::adi
