// SPDX-License-Identifier: Apache-2.0
#include "agent/emulated/emulated_root.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "agent/hardware/evidence_bundle.h"
#include "agent/link/fd_stream.h"
#include "codec/frame.h"
#include "crypto/hash.h"

namespace birthmark::agent {
namespace {

using emulated::Action;
using emulated::Key;

constexpr std::chrono::milliseconds kPatience{15'000};

Result<link::Descriptor> connect(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto text = path.string();
  if (text.empty() || text.size() >= sizeof(address.sun_path)) {
    return fail(Code::unavailable, "\"" + text + "\" is no path of a Unix socket: 1 to 107 bytes");
  }
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  link::Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket.open() || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(Code::unavailable, text + ": " + std::strerror(errno));
  }
  return socket;
}

Key name_of(DeviceKey key) {
  switch (key) {
    case DeviceKey::idevid:
      return Key::idevid;
    case DeviceKey::operational:
      return Key::operational;
    case DeviceKey::pending:
      break;
  }
  return Key::pending;
}

}  // namespace

Result<EmulatedAddress> parse_emulated_address(std::string_view text) {
  EmulatedAddress out;
  const auto mark = text.rfind('#');
  if (mark != std::string_view::npos) {
    const auto digits = text.substr(mark + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.device);
    if (error != std::errc{} || end != digits.data() + digits.size() || out.device >= emulated::kDevicesMax) {
      return fail(Code::bad_request, "after # stands the number of a device");
    }
  }
  out.socket = std::string{text.substr(0, mark)};
  return out.socket.empty() ? fail(Code::bad_request, "the path of the emulator's socket is missing")
                            : Result<EmulatedAddress>{std::move(out)};
}

Result<std::unique_ptr<EmulatedRoot>> EmulatedRoot::open(EmulatedAddress at, std::string_view kind) {
  std::unique_ptr<EmulatedRoot> root{new EmulatedRoot{std::move(at), std::string{kind}}};
  const auto about = root->ask<emulated::About>(Action::identify);
  if (!about) {
    return fail(Code::unavailable, about.error().detail);
  }
  return about->kind == kind ? Result<std::unique_ptr<EmulatedRoot>>{std::move(root)}
                             : fail(Code::unavailable, "the emulator there is of kind " + about->kind);
}

Result<emulated::Outcome> EmulatedRoot::exchange(const emulated::Request& request) {
  if (!stream_) {
    BM_TRY(auto socket, connect(at_.socket));
    stream_ = link::fd_stream(std::move(socket), kPatience);
  }
  BM_TRY(const auto frame, frame::write_frame(emulated::write(request)));
  BM_CHECK(stream_->write(frame));
  BM_TRY(const auto body, link::read_frame(*stream_));
  return body.empty() ? fail(Code::unavailable, "the emulator has ended") : emulated::read_reply(request.action, body);
}

template <class T>
Result<T> EmulatedRoot::ask(Action action, std::optional<Key> key, std::optional<Octets<32>> value) {
  auto outcome = exchange({.action = action, .device = at_.device, .key = key, .value = value});
  if (!outcome) {
    stream_.reset();  // what is in it belongs to a request that nobody waits for any more
    return fail(Code::unavailable, outcome.error().detail);
  }
  if (auto* const refused = std::get_if<Error>(&*outcome)) {
    return fail(std::move(*refused));
  }
  auto* const found = std::get_if<T>(&*outcome);
  return found != nullptr ? Result<T>{std::move(*found)} : fail(Code::unavailable, "another reply");
}

Result<Bytes> EmulatedRoot::public_identity() {
  BM_TRY(auto about, ask<emulated::About>(Action::identify));
  return std::move(about.public_identity);
}

Result<crypto::PublicKey> EmulatedRoot::key_of(Key key) {
  BM_TRY(const auto spki, ask<Bytes>(Action::public_key, key));
  return crypto::PublicKey::from_spki(spki);
}

Result<crypto::PublicKey> EmulatedRoot::public_key(DeviceKey key) {
  return key_of(name_of(key));
}

Result<BundleProof> EmulatedRoot::attest(Key key, const Digest& freshness) {
  BM_TRY(const auto answer, ask<Bytes>(Action::attest, key, freshness.get()));
  return kind_ == "psa" ? psa_bundle(answer) : dice_bundle(answer);
}

Result<KeyProof> EmulatedRoot::prove_key(DeviceKey key, const Digest& freshness) {
  BM_TRY(auto proof, attest(name_of(key), freshness));
  return KeyProof{std::move(proof)};
}

Result<SelfProof> EmulatedRoot::prove_itself(const Digest& freshness) {
  BM_TRY(auto proof, attest(Key::root, freshness));
  return SelfProof{std::move(proof)};
}

Result<Bytes> EmulatedRoot::sign(DeviceKey key, BytesView message) {
  return sign_digest(key, crypto::sha256(message));
}

Result<Bytes> EmulatedRoot::sign_digest(DeviceKey key, const Digest& digest) {
  return ask<Bytes>(Action::sign, name_of(key), digest.get());
}

Result<void> EmulatedRoot::make_pending_key() {
  return without_value(ask<Bytes>(Action::make_pending_key));
}

Result<void> EmulatedRoot::adopt_pending_key() {
  return without_value(ask<emulated::Done>(Action::adopt_pending_key));
}

Result<void> EmulatedRoot::clear() {
  return without_value(ask<emulated::Done>(Action::clear));
}

Result<RootState> EmulatedRoot::state() {
  BM_TRY(const auto about, ask<emulated::About>(Action::identify));
  return RootState{.clock_ms = about.up_ms, .reset_count = about.starts, .firmware_version = about.firmware_svn};
}

}  // namespace birthmark::agent
