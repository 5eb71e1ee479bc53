// SPDX-License-Identifier: Apache-2.0
#include "fleet/attacks.h"

#include <algorithm>
#include <array>

#include "codec/base64.h"
#include "fleet/exhibit.h"

namespace birthmark::fleet {
namespace {

constexpr std::size_t kGuessBytes = 32;

Octets<16> new_request_id(Entropy& entropy) {
  Octets<16> id{};
  entropy.fill(id);
  return id;
}

Result<LineChallenge> ask_challenge(const AttackScene& scene) {
  BM_TRY(const auto body, scene.station.post("/v1/provision/challenge", boost::json::object{{"batch", scene.batch}}));
  return read_challenge(body);
}

Result<boost::json::value> send(const AttackScene& scene, const LineChallenge& challenge, const Exhibit& exhibit) {
  return scene.station.post("/v1/provision/evidence",
                            evidence_body(scene.batch, challenge, new_request_id(scene.entropy), exhibit));
}

/// The victim's endorsement certificate beside the attacker's own keys. The form is right, so a secret comes back
/// that was encrypted to the victim's chip: this one cannot open it, and guesses.
Result<void> ek_of_another_chip(const AttackScene& scene) {
  BM_TRY(const auto challenge, ask_challenge(scene));
  BM_TRY(auto exhibit, honest_exhibit(scene.chip, challenge));
  BM_TRY(auto stolen, scene.victim->endorsement());
  exhibit.ek_certificate = std::move(stolen.certificate);
  exhibit.ek_public = std::move(stolen.public_area);
  BM_TRY(const auto answer, send(scene, challenge, exhibit));
  BM_TRY(auto in, json::Object::of(answer));
  BM_TRY(auto activation, in.object("activation"));
  BM_TRY(const auto session, activation.text("session"));
  BM_TRY(const auto id_object, activation.base64("id_object", 2048));
  BM_TRY(const auto encrypted, activation.base64("encrypted_secret", 2048));
  const auto opened = scene.chip.activate(id_object, encrypted);
  Octets<kGuessBytes> guess{};
  scene.entropy.fill(guess);
  const BytesView secret = opened ? opened->reveal() : BytesView{guess};
  return without_value(scene.station.post(
      "/v1/provision/activate",
      boost::json::object{{"batch", scene.batch}, {"session", session}, {"secret", base64::encode(secret)}}));
}

/// A TPMS_ATTEST written by hand about a key in memory, signed by a real but unrestricted key of a chip.
Result<void> forged_attestation(const AttackScene& scene) {
  BM_TRY(const auto challenge, ask_challenge(scene));
  BM_TRY(auto exhibit, honest_exhibit(scene.chip, challenge));
  BM_TRY(const auto own, crypto::PrivateKey::generate(crypto::KeyType::p256));
  exhibit.ak_public = exhibit.idevid_public;
  exhibit.idevid_public = pretended_public(own, tpm::Template::idevid_birthmark);
  BM_TRY(exhibit.statement,
         forge_certification(scene.chip, agent::DeviceKey::idevid, exhibit.ak_public, exhibit.idevid_public,
                             line_freshness(challenge, own.public_key().spki())));
  BM_TRY(exhibit.csr, software_request(own));
  return without_value(send(scene, challenge, exhibit));
}

/// True evidence of a true chip, and beside it a request for a key of the attacker's (AC-02).
Result<void> spliced_csr(const AttackScene& scene) {
  BM_TRY(const auto challenge, ask_challenge(scene));
  BM_TRY(auto exhibit, honest_exhibit(scene.chip, challenge));
  BM_TRY(const auto own, crypto::PrivateKey::generate(crypto::KeyType::p256));
  BM_TRY(exhibit.csr, software_request(own));
  return without_value(send(scene, challenge, exhibit));
}

/// A good request that was overheard, sent once more (AC-01).
Result<void> replay(const AttackScene& scene) {
  BM_TRY(const auto challenge, ask_challenge(scene));
  BM_TRY(const auto exhibit, honest_exhibit(scene.chip, challenge));
  if (const auto first = send(scene, challenge, exhibit); !first) {
    return fail(Code::unavailable, "the good request was refused: " + first.error().detail);
  }
  return without_value(send(scene, challenge, exhibit));
}

/// The same recording under a challenge of today.
Result<void> stale_statement(const AttackScene& scene) {
  BM_TRY(const auto yesterday, ask_challenge(scene));
  BM_TRY(const auto exhibit, honest_exhibit(scene.chip, yesterday));
  BM_TRY(const auto today, ask_challenge(scene));
  return without_value(send(scene, today, exhibit));
}

constexpr std::array kAttacks{
    Attack{"ek-of-another-chip", "the endorsement certificate of another chip", Code::bad_evidence, "activation", true,
           ek_of_another_chip},
    Attack{"forged-attestation", "a statement written by hand, signed by an unrestricted key of a real chip",
           Code::bad_evidence, "ak.public", false, forged_attestation},
    Attack{"spliced-csr", "the attestation of a genuine chip with a request for the attacker's key",
           Code::key_not_attested, "", false, spliced_csr},
    Attack{"replay", "a good request, recorded and sent again", Code::nonce_used, "", false, replay},
    Attack{"stale-statement", "a good statement, recorded and sent under a new challenge", Code::bad_evidence,
           "statement.freshness", false, stale_statement}};

}  // namespace

std::span<const Attack> attacks() {
  return kAttacks;
}

const Attack* attack_named(std::string_view name) {
  const auto* const row = std::ranges::find(kAttacks, name, &Attack::name);
  return row == kAttacks.end() ? nullptr : row;
}

}  // namespace birthmark::fleet
