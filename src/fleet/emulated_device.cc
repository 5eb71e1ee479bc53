// SPDX-License-Identifier: Apache-2.0
#include "fleet/emulated_device.h"

namespace birthmark::fleet {

using emulated::Action;
using emulated::Key;
using emulated::Outcome;

Result<const crypto::PrivateKey*> EmulatedDevice::find(Key key) const {
  const crypto::PrivateKey* found = nullptr;
  switch (key) {
    case Key::idevid:
      found = &idevid_key();
      break;
    case Key::operational:
      found = keys_.operational();
      break;
    case Key::pending:
      found = keys_.pending();
      break;
    case Key::root:
      found = &root_key();
      break;
  }
  return found != nullptr ? Result<const crypto::PrivateKey*>{found}
                          : fail(Code::not_found, "the device has no such key");
}

Result<Outcome> EmulatedDevice::act(const emulated::Request& request) {
  switch (request.action) {
    case Action::identify:
      return Outcome{emulated::About{.kind = std::string{kind()},
                                     .public_identity = to_bytes(root_key().public_key().spki()),
                                     .firmware_svn = firmware_.svn}};
    case Action::public_key: {
      BM_TRY(const auto* const key, find(*request.key));
      return Outcome{to_bytes(key->public_key().spki())};
    }
    case Action::sign: {
      if (*request.key == Key::root) {
        return fail(Code::policy, "the key of the hardware signs statements only");
      }
      BM_TRY(const auto* const key, find(*request.key));
      BM_TRY(auto signature, key->sign_digest(Digest{*request.value}));
      return Outcome{std::move(signature)};
    }
    case Action::attest: {
      BM_TRY(const auto* const key, find(*request.key));
      BM_TRY(auto answer, attest(*request.key, *key, Digest{*request.value}));
      return Outcome{std::move(answer)};
    }
    case Action::make_pending_key:
      BM_CHECK(keys_.make_pending());
      return Outcome{to_bytes(keys_.pending()->public_key().spki())};
    case Action::adopt_pending_key:
      BM_CHECK(keys_.adopt_pending());
      return Outcome{emulated::Done{}};
    case Action::clear:
      BM_CHECK(keys_.clear());
      return Outcome{emulated::Done{}};
  }
  return fail(Code::bad_request, "an unknown action");
}

Result<Bytes> kept_or_made(Files& files, const std::filesystem::path& directory, const char* name,
                           const std::function<Result<Bytes>()>& make) {
  constexpr std::size_t kMaxBytes = 16 * 1024;
  auto kept = files.read(directory / name, kMaxBytes);
  if (kept || kept.error().code != Code::not_found) {
    return kept;
  }
  BM_TRY(auto made, make());
  BM_CHECK(files.make_directory(directory));
  BM_CHECK(write_atomically(files, directory / name, made));
  return made;
}

Outcome EmulatedDevice::answer(const emulated::Request& request) {
  auto outcome = act(request);
  return outcome ? std::move(*outcome) : Outcome{std::move(outcome).error()};
}

}  // namespace birthmark::fleet
