// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>

#include <optional>

#include "agent/hardware/tpm_root.h"
#include "crypto/native.h"
#include "support/paper_tpm.h"

namespace birthmark::test {

/// A TPM on paper as the root of an agent: keys in memory, lost with an owner clear as in a chip. For tests of what the
/// agent does with its root; what a chip does with the agent's commands is for tests with swtpm.
class PaperRoot final : public agent::TpmRoot {
 public:
  explicit PaperRoot(const fleet::SiliconVendor& vendor, Instant now) : tpm{vendor, now} {}

  Result<agent::Endorsement> endorsement() override {
    return agent::Endorsement{tpm.ek_certificate(), tpm.ek.public_area(), {}};
  }
  Result<agent::IdentityKeys> create_identity_keys() override {
    return agent::IdentityKeys{tpm.iak.public_area(), tpm.idevid.public_area()};
  }
  Result<Bytes> public_area(agent::DeviceKey key) override {
    BM_TRY(const auto* const found, find(key));
    return found->public_area();
  }
  Result<Bytes> storage_key_public() override { return tpm.storage.public_area(); }
  Result<agent::Statement> certify(agent::DeviceKey key, const Digest& freshness) override {
    BM_TRY(const auto* const found, find(key));
    if (found->area.attributes.admin_with_policy()) {
      return fail(Code::unavailable, "TPM2_Certify: a password does not administer this key (0x124)");
    }
    return statement(key == agent::DeviceKey::idevid ? tpm.certify(*found, freshness)
                                                     : tpm.certify_child(*found, freshness));
  }
  Result<agent::CreationStatement> certify_creation(agent::IdentityKey key, const Digest& freshness) override {
    const auto made = tpm.creation(key == agent::IdentityKey::iak ? tpm.iak : tpm.idevid, freshness);
    return agent::CreationStatement{statement(PaperTpm::sign(made.claim)), birthmark::tpm::write(made.data)};
  }
  Result<Secret> activate(BytesView id_object, BytesView encrypted_secret) override {
    BM_TRY(auto opened, tpm.activate(id_object, encrypted_secret));
    return Secret{std::move(opened)};
  }
  Result<agent::Quote> quote(const Digest& freshness, std::span<const std::uint8_t> pcrs) override {
    ++quotes;
    return agent::Quote{statement(tpm.quote(freshness)), std::vector<Octets<32>>(pcrs.size())};
  }
  Result<Bytes> sign(agent::DeviceKey key, BytesView message) override {
    BM_TRY(const auto* const found, find(key));
    return found->key.sign(message);
  }
  Result<Bytes> sign_digest(agent::DeviceKey key, const Digest& digest) override {
    BM_TRY(const auto* const found, find(key));
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{
        EVP_PKEY_CTX_new(crypto::native(found->key), nullptr), EVP_PKEY_CTX_free};
    Bytes out(80);
    std::size_t size = out.size();
    if (EVP_PKEY_sign_init(context.get()) != 1 ||
        EVP_PKEY_sign(context.get(), out.data(), &size, digest.get().data(), digest.get().size()) != 1) {
      return fail(Code::unavailable, "signing");
    }
    out.resize(size);
    return out;
  }
  Result<Bytes> create_pending_key() override {
    pending.emplace(tpm::Template::idevid_birthmark);
    return pending->public_area();
  }
  Result<void> adopt_pending_key() override {
    if (!pending) {
      return fail(Code::not_found, "nothing pending");
    }
    operational = std::move(pending);
    pending.reset();
    return {};
  }
  Result<void> clear() override {
    ++clears;
    tpm.clear();
    operational.reset();
    pending.reset();
    return {};
  }
  Result<agent::RootState> state() override { return agent::RootState{.clock_ms = tpm.clock.clock_ms}; }

  PaperTpm tpm;
  std::optional<PaperKey> operational;
  std::optional<PaperKey> pending;
  int clears = 0;
  int quotes = 0;

 private:
  Result<const PaperKey*> find(agent::DeviceKey key) const {
    const PaperKey* const found = key == agent::DeviceKey::idevid    ? &tpm.idevid
                                  : key == agent::DeviceKey::pending ? (pending ? &*pending : nullptr)
                                                                     : (operational ? &*operational : nullptr);
    return found != nullptr ? Result<const PaperKey*>{found} : fail(Code::not_found, "no such key");
  }
  static agent::Statement statement(attest::TpmStatement made) {
    return {std::move(made.attest), std::move(made.signature)};
  }
};

}  // namespace birthmark::test
