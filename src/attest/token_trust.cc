// SPDX-License-Identifier: Apache-2.0
#include "attest/token_trust.h"

namespace birthmark::attest {

Result<void> TokenTrust::add(BytesView instance_id, TokenKey key) {
  constexpr std::size_t kLeast = 7, kMost = 33;  // RFC 9711 §4.2.1
  if (instance_id.size() < kLeast || instance_id.size() > kMost) {
    return fail(Code::bad_request, "an instance id has 7 to 33 octets");
  }
  const auto id = to_bytes(instance_id);
  const auto known_id = ids_.find(key.key.spki_sha256());
  const auto known_key = keys_.find(id);
  if (known_id != ids_.end() || known_key != keys_.end()) {
    const bool same = known_id != ids_.end() && known_id->second == id;
    return same ? Result<void>{} : fail(Code::key_reuse, "the instance id has another key, or the key another id");
  }
  ids_.emplace(key.key.spki_sha256(), id);
  keys_.emplace(id, std::move(key));
  return {};
}

const TokenKey* TokenTrust::find(BytesView instance_id) const {
  const auto found = keys_.find(to_bytes(instance_id));
  return found == keys_.end() ? nullptr : &found->second;
}

}  // namespace birthmark::attest
