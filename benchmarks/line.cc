// SPDX-License-Identifier: Apache-2.0
#include "line.h"

#include "codec/der.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "codec/x509.h"
#include "crypto/hash.h"

namespace birthmark::bench {
namespace {

using lifecycle::Purpose;

constexpr const char* kReceiptKey = "registry-receipts";
constexpr std::string_view kBinding = "dGhpcyBjaGFubmVsIGFuZCBubyBvdGhlciBvbmUh";
constexpr std::uint32_t kQuantity = 4096;

Bytes text(std::string_view words) {
  return to_bytes(as_bytes(words));
}

policy::ProductPolicy product_policy(const app::ProductRecord& product) {
  policy::ProductPolicy policy;
  policy.product = product.id;
  policy.name = product.name;
  policy.simulated = policy::SimulatedRoots::allowed;
  policy.renew_from = std::chrono::days{0};  // so that what was just enrolled can renew
  return policy;
}

/// @param binding empty: no challengePassword.
Bytes request_for(const crypto::PrivateKey& key, BytesView subject, std::string_view binding, BytesView alt_name) {
  std::vector<pkcs10::Attribute> attributes;
  const auto password = binding.empty() ? Bytes{} : must(pkcs10::challenge_password_value(binding));
  if (!binding.empty()) {
    attributes.push_back({oids::challenge_password, password});
  }
  Bytes extensions;
  if (!alt_name.empty()) {
    der::Writer out;
    out.open(der::tag::sequence).open(der::tag::sequence).oid(oids::subject_alt_name).octet_string(alt_name);
    out.close().close();
    extensions = std::move(out).finish();
    attributes.push_back({oids::extension_request, extensions});
  }
  return must(pkcs10::write_request(subject, key.public_key().spki(), attributes,
                                    x509::SignatureAlgorithm::ecdsa_sha256,
                                    [&](BytesView info) { return key.sign(info); }));
}

crypto::PrivateKey new_key() {
  return must(crypto::PrivateKey::generate(crypto::KeyType::p256));
}

/// How the connection would present this certificate.
app::EstRequest presented(const app::Issued& issued) {
  const auto leaf = must(x509::Certificate::read(issued.certificate));
  const auto* const alt_name = leaf.extension(oids::subject_alt_name);
  return {.certificate = crypto::sha256(issued.certificate),
          .ca = issued.record.ca,
          .index = issued.record.index,
          .presented_subject = to_bytes(leaf.subject()),
          .presented_alt_name = to_bytes(alt_name->value),
          .csr = {},
          .channel_binding = std::string{kBinding}};
}

/// Nothing is connected here.
app::Sessions& no_sessions() {
  class None final : public app::Sessions {
   public:
    std::size_t cut(const std::set<DeviceRow>& /*devices*/) override { return 0; }
  };
  static None none;
  return none;
}

}  // namespace

Line::Line(app::Store* durable)
    : store{durable != nullptr ? *durable : memory},
      vendor_{must(fleet::SiliconVendor::create(clock.now()))},
      signer_{must(FileSigner::open(files_, directory_ / "keys", Secret{text("benchmark")}))},
      cas{store, "http://pki.example"},
      catalog{
          store,
          [](const app::ProductRecord& product) -> Result<policy::ProductPolicy> { return product_policy(product); }},
      read_path{store, cas, catalog},
      time{clock},
      issuance{{store, *signer_, clock, entropy, faults_, cas, time, no_sessions()}, kReceiptKey},
      hierarchy{{store, *signer_, issuance, cas, catalog, read_path, clock, no_sessions()}, app::Scope::batch},
      challenges{clock, entropy},
      provisioning{{store, issuance, challenges, catalog, trust_, clock, entropy, ephemerals}},
      enrollment{{store, issuance, catalog, [this](BatchId batch) { return hierarchy.operational_ca(batch); }, clock}} {
  memory.rows().reserve(kQuantity);
  must(signer_->create(kReceiptKey, app::KeyUse::receipts, crypto::KeyType::p256, store.epoch()));
  must(trust_.tpm.add(vendor_.root_certificate(), "simulated", attest::AnchorKind::root,
                      attest::AnchorClass::simulated));
  must(trust_.tpm.add(vendor_.intermediate_certificate(), "simulated", attest::AnchorKind::intermediate,
                      attest::AnchorClass::simulated));
  store.set_listener([this](const app::Committed& committed) { return read_path.follow(committed); });
  must(hierarchy.init());
  app::BatchOrder order;
  order.name = kBatch;
  order.product = "heatpump";
  order.factory = "plant-1";
  order.quantity = kQuantity;
  order.opens = clock.now() - std::chrono::hours{1};
  order.closes = clock.now() + std::chrono::days{30};
  const auto batch = must(hierarchy.open_batch(order, "operator:bench"));
  station = new_key().public_key().spki_sha256();
  app::StationRecord record;
  record.name = "line-1";
  record.batch = batch.budget.id;
  record.spki = station;
  record.not_after = order.closes;
  must(store.write_for<app::StationId>([&](app::Tx& tx) { return tx.put_station(record); }));
}

Bytes Line::vendor_point() const {
  const auto certificate = must(x509::Certificate::read(vendor_.intermediate_certificate()));
  return to_bytes(must(crypto::PublicKey::from_spki(certificate.spki())).point());
}

app::ProvisionEvidence Line::evidence(const test::PaperTpm& tpm, const app::Challenge& challenge) {
  app::ProvisionEvidence out;
  out.session = challenge.session;
  entropy.fill(out.request_id);
  out.ek_certificate = tpm.ek_certificate();
  out.ek_public = tpm.ek.public_area();
  out.ak_public = tpm.iak.public_area();
  out.idevid_public = tpm.idevid.public_area();
  out.statement =
      tpm.certify(tpm.idevid, lifecycle::freshness_value(Purpose::provision, challenge.nonce, challenge.session,
                                                         std::nullopt, tpm.idevid.spki_hash()));
  constexpr Octets<2> kEmptyName{0x30, 0x00};
  out.csr = request_for(tpm.idevid.key, kEmptyName, {}, {});
  return out;
}

app::Issued Line::provision(const app::ProvisionEvidence& evidence) {
  auto answer = must(provisioning.evidence(station, kBatch, evidence));
  const auto& challenge = std::get<app::ActivationChallenge>(answer);
  // The last seed drawn before the blob was made is the one inside: an EC key needs no seed.
  return must(provisioning.activate(station, kBatch, challenge.session, ephemerals.last));
}

Line::Device Line::new_device() {
  const auto tpm = new_tpm();
  const auto idevid = provision(evidence(tpm, begin()));
  // The seal is another station's, and not what is measured.
  must(store.write([&](app::Tx& tx) -> Result<void> {
    BM_TRY(auto stored, tx.device(idevid.record.device));
    stored->state = lifecycle::State::provisioned;
    ++stored->version;
    return tx.update_device(*stored);
  }));
  Device device{.row = idevid.record.device, .request = presented(idevid), .next_key = {}};
  const auto first = new_key();
  device.request.csr = request_for(first, device.request.presented_subject, kBinding, {});
  device.next_key = first.public_key().spki_sha256();
  attest(device, Purpose::enroll);
  const auto ldevid = must(enrollment.enroll(device.request));
  const auto next = new_key();
  device.request = presented(ldevid);
  device.request.csr = request_for(next, device.request.presented_subject, kBinding, device.request.presented_alt_name);
  device.next_key = next.public_key().spki_sha256();
  return device;
}

void Line::go_back_to(const MemoryRows& rows) {
  memory.rows() = rows;
  must(read_path.rebuild());
}

void Line::attest(const Device& device, Purpose purpose) {
  must(store.write([&](app::Tx& tx) {
    return tx.put_appraisal({device.row, device.next_key, purpose, clock.now(), std::nullopt});
  }));
}

}  // namespace birthmark::bench
