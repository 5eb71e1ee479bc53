// SPDX-License-Identifier: Apache-2.0
#include "agent/device/link_device.h"

#include <algorithm>

#include "agent/device/certificates.h"
#include "agent/device/registry_word.h"
#include "agent/device/root_keys.h"
#include "agent/hardware/tpm_root.h"
#include "agent/idevid_template.h"
#include "lifecycle/statements.h"

namespace birthmark::agent {
namespace {

using lifecycle::Purpose;

Result<void> check_anchors(const link::InstallRequest& request) {
  const auto self_issued = [](BytesView der) -> Result<void> {
    BM_TRY(auto root, x509::Certificate::read(der));
    return check_issued_in_order(std::array{root, root});
  };
  auto done = self_issued(request.service_root);
  for (const auto& root : request.operational_roots) {
    done = done ? self_issued(root) : std::move(done);
  }
  if (done && request.operational_roots.empty()) {
    done = fail(Code::bad_request, "no operational root");
  }
  return done ? Result<void>{} : fail(Code::bad_request, done.error().detail, "install.anchors");
}

/// A station speaks for itself; a new IDevID under the same chain is the registry's word.
bool same_but_idevid(const link::InstallRequest& present, link::InstallRequest request) {
  request.idevid = present.idevid;
  return request == present;
}

bool is_host(std::string_view host) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':';
  };
  return !host.empty() && std::ranges::all_of(host, allowed);
}

}  // namespace

Result<SelfProof> prove_itself(HardwareRoot& root, Purpose purpose, const Nonce& nonce, const SessionId& session,
                               const DeviceId& device) {
  BM_TRY(const auto key, root.statement_key());
  return root.prove_itself(lifecycle::freshness_value(purpose, nonce, session, device, key.spki_sha256()));
}

Result<SelfProof> destroy(HardwareRoot& root, DeviceState& state, const Nonce& nonce, const SessionId& session,
                          const DeviceId& device) {
  BM_CHECK(root.clear());
  BM_CHECK(state.drop_credentials());
  return prove_itself(root, Purpose::retire, nonce, session, device);
}

Result<link::HelloReply> LinkDevice::hello() {
  return link::HelloReply{.root_kind = std::string{root_.kind()},
                          .agent_version = settings_.agent_version,
                          .firmware = settings_.firmware,
                          .secure_boot = settings_.platform.secure_boot,
                          .lockdown = state_.fused(),
                          .simulated = settings_.platform.simulated};
}

Result<link::KeysReply> LinkDevice::keys() {
  if (auto* const tpm = root_.as_tpm()) {
    BM_TRY(auto endorsement, tpm->endorsement());
    BM_TRY(auto keys, tpm->create_identity_keys());
    return link::KeysReply{.tpm = link::TpmKeys{.ek_certificate = std::move(endorsement.certificate),
                                                .ek_chain = std::move(endorsement.chain),
                                                .ek_public = std::move(endorsement.public_area),
                                                .ak_public = std::move(keys.iak)},
                           .idevid_public = std::move(keys.idevid)};
  }
  BM_TRY(const auto key, root_.public_key(DeviceKey::idevid));
  BM_TRY(auto identity, root_.public_identity());
  return link::KeysReply{
      .tpm = std::nullopt, .idevid_public = to_bytes(key.spki()), .public_identity = std::move(identity)};
}

Result<link::EvidenceReply> LinkDevice::evidence(const link::EvidenceRequest& request) {
  if (request.purpose != Purpose::provision) {
    return fail(Code::policy, "a station gets evidence for provisioning only");
  }
  BM_TRY(const auto key, root_.public_key(DeviceKey::idevid));
  const auto fresh =
      lifecycle::freshness_value(request.purpose, request.nonce, request.session, request.device, key.spki_sha256());
  if (auto* const tpm = root_.as_tpm()) {
    return evidence_of(*tpm, fresh);
  }
  BM_TRY(const auto proof, root_.prove_key(DeviceKey::idevid, fresh));
  link::EvidenceReply reply;
  BM_TRY(reply.csr, make_csr(root_, DeviceKey::idevid, {.evidence = std::get<BundleProof>(proof).bundle}));
  return reply;
}

/// The IDevID key is certified; of the TCG's template, which a password does not certify, the creation is.
Result<link::EvidenceReply> LinkDevice::evidence_of(TpmRoot& tpm, const Digest& fresh) {
  BM_TRY(const auto area, tpm.public_area(DeviceKey::idevid));
  link::EvidenceReply reply;
  if (idevid_template_of(area) == IdevidTemplate::tcg_h2) {
    BM_TRY(auto made, tpm.certify_creation(IdentityKey::idevid, fresh));
    reply.statement = std::move(made.statement);
    reply.creation_data = std::move(made.creation_data);
  } else {
    BM_TRY(reply.statement, tpm.certify(DeviceKey::idevid, fresh));
  }
  BM_TRY(reply.csr, make_csr(tpm, DeviceKey::idevid, {}));
  return reply;
}

Result<link::ActivateReply> LinkDevice::activate(const link::ActivateRequest& request) {
  auto* const tpm = root_.as_tpm();
  if (tpm == nullptr) {
    return fail(Code::policy, "a root of kind " + std::string{root_.kind()} + " has nothing to activate");
  }
  BM_TRY(auto secret, tpm->activate(request.id_object, request.encrypted_secret));
  return link::ActivateReply{std::move(secret)};
}

Result<void> LinkDevice::check_birth(const link::InstallRequest& request) {
  BM_TRY(const auto key, root_.public_key(DeviceKey::idevid));
  const auto idevid = x509::Certificate::read(request.idevid);
  if (!idevid || !equal(idevid->spki(), key.spki())) {
    return fail(Code::bad_request, idevid ? "the certificate is another key's" : idevid.error().detail,
                "install.idevid");
  }
  std::vector<Bytes> path{request.idevid};
  path.insert(path.end(), request.chain.begin(), request.chain.end());
  auto linked = read_certificates(path);
  if (const auto done = linked ? check_issued_in_order(*linked) : Result<void>{fail(linked.error())}; !done) {
    return fail(Code::bad_request, done.error().detail, "install.idevid");
  }
  BM_CHECK(check_anchors(request));
  if (const auto statements = crypto::PublicKey::from_spki(request.statement_key); !statements) {
    return fail(Code::bad_request, statements.error().detail, "install.statement_key");
  }
  return is_host(request.host) && request.device_port != 0
             ? Result<void>{}
             : fail(Code::bad_request, "no host, or no port for devices", "install.endpoint");
}

Result<link::InstallReply> LinkDevice::install(const link::InstallRequest& request) {
  BM_CHECK(check_birth(request));
  const auto& present = state_.birth();
  if (present && present->service_root != request.service_root) {
    return fail(Code::state_forbids, "the device already belongs to another registry", "install.anchors");
  }
  if (present && state_.fused() && !same_but_idevid(*present, request)) {
    return fail(Code::state_forbids, "the device has left the line with something else", "install.fused");
  }
  // Before the birth, so that a device that knows its birth always knows its root and its key again.
  BM_CHECK(state_.note_root_kind(root_.kind()));
  if (auto* const tpm = root_.as_tpm()) {
    BM_TRY(const auto area, tpm->public_area(DeviceKey::idevid));
    if (const auto made_of = idevid_template_of(area)) {
      BM_CHECK(state_.note_idevid_template(*made_of));
    }
  }
  if (present != request) {
    BM_CHECK(state_.install(request));
  }
  return link::InstallReply{};
}

Result<link::SealReply> LinkDevice::seal(const link::SealRequest& request) {
  BM_TRY(const auto own, own_device_id(root_));
  if (own != request.device) {
    return fail(Code::bad_request, "the seal is for another device");
  }
  if (!state_.birth()) {
    return fail(Code::state_forbids, "nothing is installed: provision the device first", "seal.birth");
  }
  if (settings_.fuses) {
    BM_CHECK(blow_fuse_());
  }
  BM_TRY(auto proof, prove_itself(root_, Purpose::seal, request.nonce, request.session, own));
  return link::SealReply{std::move(proof)};
}

Result<link::RetireReply> LinkDevice::retire(const link::RetireRequest& request) {
  BM_TRY(const auto own, own_device_id(root_));
  if (own != request.device) {
    return fail(Code::bad_request, "the retirement is of another device");
  }
  if (!request.permit) {
    BM_TRY(auto proof, prove_itself(root_, Purpose::retire, request.nonce, request.session, own));
    return link::RetireReply{std::move(proof)};
  }
  if (!state_.birth()) {
    return fail(Code::policy, "the device knows no registry that could permit it", "retire.permit");
  }
  const auto permitted = check_signed(*state_.birth(), lifecycle::retire_permit_statement(own), *request.permit);
  if (!permitted) {
    return fail(permitted.error().code, permitted.error().detail, "retire.permit");
  }
  BM_TRY(auto proof, destroy(root_, state_, request.nonce, request.session, own));
  return link::RetireReply{std::move(proof)};
}

}  // namespace birthmark::agent
