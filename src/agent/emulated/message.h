// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

/// What an agent asks of an emulated root of trust, which holds its secrets in a process of its own (docs/wire/
/// emulator.md): the few services that a PSA implementation or a DICE gives its normal world, and none that gives a
/// private key away. SIMULATED hardware.
namespace birthmark::emulated {

inline constexpr std::uint32_t kDevicesMax = 100'000;
inline constexpr std::size_t kKeyMaxBytes = 1024;          ///< of a SubjectPublicKeyInfo
inline constexpr std::size_t kAnswerMaxBytes = 60 * 1024;  ///< a token, or a chain with its signature
inline constexpr std::size_t kTextMaxBytes = 256;

enum class Action : std::uint8_t {
  identify = 1,
  public_key = 2,
  sign = 3,
  attest = 4,
  make_pending_key = 5,
  adopt_pending_key = 6,
  clear = 7,
};

enum class Key : std::uint8_t {
  idevid = 0,
  operational = 1,
  pending = 2,
  root = 3,  ///< the one that speaks for the hardware; it is never named in `sign`
};

/// One request. Only `public_key`, `sign` and `attest` have a key; only `sign` and `attest` a value: the digest that is
/// signed, the challenge that is answered.
struct Request {
  Action action{};
  std::uint32_t device = 0;  ///< which of those that the emulator holds
  std::optional<Key> key = {};
  std::optional<Octets<32>> value = {};
  friend bool operator==(const Request&, const Request&) = default;
};

/// Who the device is, and how it stands: unsigned, for display and support but for the keys.
struct About {
  std::string kind;         ///< as in the DeviceId: "psa", "dice"
  Bytes public_identity;    ///< SPKI that its DeviceId is made of
  std::uint64_t up_ms = 0;  ///< since the emulator was started
  std::uint32_t starts = 0;
  std::uint64_t firmware_svn = 0;
  friend bool operator==(const About&, const About&) = default;
};

struct Done {
  friend bool operator==(const Done&, const Done&) = default;
};

/// What came of a request: `identify` About; `public_key` and `make_pending_key` an SPKI, `sign` a DER Ecdsa-Sig-Value,
/// `attest` a PSA token or a DiceAnswer; the others Done. Or the refusal.
using Outcome = std::variant<About, Bytes, Done, Error>;

Bytes write(const Request& request);
/// @error bad_request: anything but one request, whole and within its bounds
Result<Request> read_request(BytesView body);

Bytes write(Action action, const Outcome& outcome);
/// @error bad_request: not the reply to this action. An error that the emulator tells is an outcome.
Result<Outcome> read_reply(Action action, BytesView body);

}  // namespace birthmark::emulated
