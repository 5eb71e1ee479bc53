// SPDX-License-Identifier: Apache-2.0
#include "attest/corim.h"

#include <algorithm>
#include <array>

#include "codec/cbor.h"
#include "codec/pem.h"
#include "crypto/cose_signature.h"
#include "crypto/hash.h"

namespace birthmark::attest {
namespace {

constexpr std::string_view kPsaProfile = "tag:arm.com,2025:psa#1.0.0";
constexpr std::uint64_t kPemKey = 554;
constexpr std::size_t kImplementationIdBytes = 32, kUeidBytes = 33;
constexpr std::array kAlgorithms{cose::Algorithm::es256, cose::Algorithm::es384, cose::Algorithm::es512,
                                 cose::Algorithm::eddsa};

// --- reference values ---

std::optional<Bytes> environment_of(const corim::Environment& environment) {
  if (environment.has_more || environment.ueid || environment.index) {
    return std::nullopt;
  }
  if (environment.class_id && environment.class_id->kind == corim::ClassIdKind::bytes) {
    return environment.class_id->value;
  }
  // A UUID or OID names what no evidence says here; the vendor and model beside it do.
  if (environment.vendor.empty() || environment.model.empty()) {
    return std::nullopt;
  }
  return cbor::Writer{}.array(2).text(environment.vendor).text(environment.model).finish();
}

std::string component_of(const corim::Environment& environment, const corim::Measurement& measurement) {
  if (!measurement.name.empty() || !measurement.key.empty()) {
    return measurement.name.empty() ? measurement.key : measurement.name;
  }
  return environment.layer ? "layer " + std::to_string(*environment.layer) : "";
}

/// Whole SHA-256, SHA-384 and SHA-512; a shortened one proves less than it seems to.
bool is_whole_digest(const corim::Digest& digest) {
  const auto is = [&](std::int64_t number, std::string_view text, std::size_t size) {
    const auto* const own = std::get_if<std::int64_t>(&digest.algorithm);
    const auto* const named = std::get_if<std::string>(&digest.algorithm);
    return ((own != nullptr && *own == number) || (named != nullptr && *named == text)) && digest.value.size() == size;
  };
  return is(1, "sha-256", 32) || is(7, "sha-384", 48) || is(8, "sha-512", 64);
}

/// Nothing: the measurement says what cannot be compared, or nothing that can.
std::optional<ReferenceValue> value_of(const corim::Environment& environment, const corim::Measurement& measurement) {
  auto place = environment_of(environment);
  auto component = component_of(environment, measurement);
  const bool has_flags = std::ranges::any_of(measurement.flags, [](const auto& flag) { return flag.has_value(); });
  if (!place || component.empty() || measurement.has_more || has_flags) {
    return std::nullopt;
  }
  ReferenceValue out{.environment = std::move(*place), .component = std::move(component)};
  for (const auto& digest : measurement.digests) {
    if (is_whole_digest(digest)) {
      out.digests.push_back(digest.value);
    }
  }
  if (measurement.svn) {
    out.svn_min = measurement.svn->number;
  }
  const bool digests_lost = !measurement.digests.empty() && out.digests.empty();
  if (digests_lost || (out.digests.empty() && !out.svn_min)) {
    return std::nullopt;
  }
  return out;
}

/// Two values for one component of one environment are alternatives (draft-ietf-rats-corim, reference values), but each
/// ReferenceValue must hold by itself: their digests are joined, and the lower security version is the least. Where
/// only one has digests they stay apart, which is stricter.
void add(ReferenceValue value, std::vector<ReferenceValue>& out) {
  const auto same = std::ranges::find_if(out, [&](const ReferenceValue& other) {
    return other.environment == value.environment && other.component == value.component &&
           other.digests.empty() == value.digests.empty();
  });
  if (same == out.end()) {
    out.push_back(std::move(value));
    return;
  }
  same->digests.insert(same->digests.end(), value.digests.begin(), value.digests.end());
  same->svn_min = same->svn_min && value.svn_min ? std::min(same->svn_min, value.svn_min) : std::nullopt;
}

void add_reference_values(const corim::Comid& comid, RimContent& out) {
  for (const auto& triple : comid.reference) {
    for (const auto& measurement : triple.measurements) {
      if (auto value = value_of(triple.environment, measurement)) {
        add(std::move(*value), out.values);
      } else {
        ++out.left_out;
      }
    }
  }
}

std::optional<crypto::PublicKey> key_of(const corim::CryptoKey& key) {
  if (key.tag != kPemKey) {
    return std::nullopt;
  }
  const auto blocks = pem::read(as_text(key.value), "PUBLIC KEY", {.blocks_max = 1});
  auto read = blocks ? crypto::PublicKey::from_spki(blocks->front()) : Result<crypto::PublicKey>{fail(blocks.error())};
  return read ? std::optional{std::move(*read)} : std::nullopt;
}

void add_instances(const corim::Comid& comid, RimContent& out) {
  for (const auto& triple : comid.attest_key) {
    const auto key = triple.keys.size() == 1 ? key_of(triple.keys.front()) : std::nullopt;
    if (key && triple.environment.ueid && !triple.has_conditions && !triple.environment.has_more) {
      out.instances.push_back({*triple.environment.ueid, *key});
    } else {
      ++out.left_out;
    }
  }
}

// --- the profile of PSA tokens ---

bool is_implementation(const corim::Environment& environment) {
  return environment.class_id && environment.class_id->kind == corim::ClassIdKind::bytes &&
         environment.class_id->value.size() == kImplementationIdBytes;
}

bool is_psa_instance(const corim::KeyTriple& triple) {
  const auto& ueid = triple.environment.ueid;
  return is_implementation(triple.environment) && ueid && ueid->size() == kUeidBytes && ueid->front() == 0x01 &&
         triple.keys.size() == 1 && key_of(triple.keys.front());
}

Result<void> check_profile(const corim::Rim& rim) {
  if (rim.profile != kPsaProfile) {
    return {};
  }
  for (const auto& comid : rim.comids) {
    const bool fits = std::ranges::all_of(comid.attest_key, is_psa_instance) &&
                      std::ranges::all_of(comid.reference, is_implementation, &corim::Triple::environment);
    if (!fits) {
      return fail(Code::bad_evidence, "\"" + comid.id + "\" is not as the profile of PSA tokens asks for",
                  "corim.profile");
    }
  }
  return {};
}

// --- import ---

Result<std::string> signer_of(const cose::Sign1& message, std::span<const RimSigner> signers) {
  BM_TRY(const auto algorithm, cose::algorithm_of(message, kAlgorithms));
  for (const auto& signer : signers.first(std::min(signers.size(), kRimSignersMax))) {
    if (crypto::verify(signer.key, algorithm, message)) {
      return signer.name;
    }
  }
  return fail(Code::bad_evidence, "none of the signers that are allowed signed it");
}

bool is_valid(const std::optional<corim::Validity>& validity, Instant now) {
  return !validity || ((!validity->not_before || now >= *validity->not_before) && now <= validity->not_after);
}

Result<KnownComids> newer_comids(const corim::Rim& rim, const KnownComids& known) {
  KnownComids out;
  for (const auto& comid : rim.comids) {
    const KnownComid own{comid.version, crypto::sha256(comid.encoded)};
    const auto before = known.find(comid.id);
    if (before != known.end() && (before->second.version > own.version ||
                                  (before->second.version == own.version && before->second.hash != own.hash))) {
      return fail(Code::conflict, "\"" + comid.id + "\" was taken in a later version, or another one of this number",
                  "corim.version");
    }
    if (!out.emplace(comid.id, own).second) {
      return fail(Code::conflict, "\"" + comid.id + "\" stands twice in it", "corim.version");
    }
  }
  return out;
}

}  // namespace

Result<RimContent> content_of(const corim::Rim& rim) {
  BM_CHECK(check_profile(rim));
  RimContent out;
  for (const auto& comid : rim.comids) {
    add_reference_values(comid, out);
    add_instances(comid, out);
  }
  return out;
}

Result<ImportedRim> import_rim(BytesView manifest, std::span<const RimSigner> signers, const KnownComids& known,
                               Instant now) {
  const auto outside = corim::read_signed(manifest);
  if (!outside) {
    return fail(Code::bad_evidence, outside.error().detail, "corim.structure");
  }
  const auto signer = signer_of(outside->message, signers);
  if (!signer) {
    return fail(Code::bad_evidence, signer.error().detail, "corim.signature");
  }
  const auto rim = corim::read_rim(outside->message.payload);
  if (!rim) {
    return fail(Code::bad_evidence, rim.error().detail, "corim.structure");
  }
  if (!is_valid(outside->meta.validity, now) || !is_valid(rim->validity, now)) {
    return fail(Code::bad_evidence, "the manifest or its signature is not valid now", "corim.validity");
  }
  BM_TRY(auto comids, newer_comids(*rim, known));
  BM_TRY(auto content, content_of(*rim));
  return ImportedRim{rim->id, *signer, std::move(comids), std::move(content)};
}

}  // namespace birthmark::attest
