// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "agent/emulated/message.h"
#include "agent/hardware/hardware_root.h"
#include "agent/link/stream.h"

namespace birthmark::agent {

/// Which device of which emulator.
struct EmulatedAddress {
  std::filesystem::path socket;
  std::uint32_t device = 0;
  friend bool operator==(const EmulatedAddress&, const EmulatedAddress&) = default;
};
/// "PATH" or "PATH#NUMBER". @error bad_request
Result<EmulatedAddress> parse_emulated_address(std::string_view text);

/// A PSA root of trust or a DICE that is emulated in a process of its own. SIMULATED: its vendor is a test vendor, and
/// no production registry takes it. The keys and what they sign stay in that process; after it was started again the
/// next operation finds it.
class EmulatedRoot final : public HardwareRoot {
 public:
  /// @param kind "psa" or "dice". @error unavailable: nobody answers there, the emulator has no such device, or it is
  /// of another kind
  static Result<std::unique_ptr<EmulatedRoot>> open(EmulatedAddress at, std::string_view kind);

  [[nodiscard]] std::string_view kind() const override { return kind_; }
  Result<Bytes> public_identity() override;
  Result<crypto::PublicKey> statement_key() override { return key_of(emulated::Key::root); }
  Result<crypto::PublicKey> public_key(DeviceKey key) override;
  /// A PSA token over `freshness`; of a DICE the chain that ends in `key`, or of the IDevID key, which is the device
  /// key itself, in the running firmware's own.
  Result<KeyProof> prove_key(DeviceKey key, const Digest& freshness) override;
  Result<SelfProof> prove_itself(const Digest& freshness) override;
  Result<Bytes> sign(DeviceKey key, BytesView message) override;
  Result<Bytes> sign_digest(DeviceKey key, const Digest& digest) override;
  Result<void> make_pending_key() override;
  Result<void> adopt_pending_key() override;
  Result<void> clear() override;
  /// Starts of the emulator stand for resets.
  Result<RootState> state() override;

 private:
  EmulatedRoot(EmulatedAddress at, std::string kind) : at_{std::move(at)}, kind_{std::move(kind)} {}
  Result<crypto::PublicKey> key_of(emulated::Key key);
  Result<BundleProof> attest(emulated::Key key, const Digest& freshness);
  Result<emulated::Outcome> exchange(const emulated::Request& request);
  /// The alternative that the action's reply has. @error what the emulator refused; unavailable
  template <class T>
  Result<T> ask(emulated::Action action, std::optional<emulated::Key> key = {}, std::optional<Octets<32>> value = {});

  EmulatedAddress at_;
  std::string kind_;
  std::unique_ptr<link::Stream> stream_;  ///< null: to be connected by the next request
};

}  // namespace birthmark::agent
