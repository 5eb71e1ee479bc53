// SPDX-License-Identifier: Apache-2.0
#include "pki/profile.h"

#include <algorithm>
#include <array>

#include "codec/cbor.h"
#include "codec/oid.h"
#include "crypto/hash.h"

namespace birthmark::pki {
namespace {

using namespace std::chrono_literals;
using OidView = std::span<const std::uint8_t>;

constexpr std::array<OidView, 1> kClientAuth{oids::client_auth};
constexpr std::array<OidView, 2> kRegistrar{oids::server_auth, oids::cmc_ra};
constexpr std::array<OidView, 3> kServiceUsages{oids::server_auth, oids::client_auth, oids::cmc_ra};

constexpr std::uint32_t kCaUsage = key_usage::key_cert_sign | key_usage::crl_sign;
constexpr std::uint32_t kSigning = key_usage::digital_signature;
constexpr auto kDay = 24h;

constexpr Profile root(ProfileId id, std::string_view name, Hierarchy hierarchy) {
  return {.id = id,
          .name = name,
          .hierarchy = hierarchy,
          .is_ca = true,
          .path_length = std::nullopt,
          .key_usage = kCaUsage,
          .extended_key_usages = {},
          .ends = Ends::never,
          .lifetime = 0s,
          .device = false,
          .receipt = false,
          .appraised_at = false,
          .name_constraint = false};
}
constexpr Profile ca(ProfileId id, std::string_view name, Hierarchy hierarchy, std::uint8_t path_length,
                     std::span<const OidView> usages, bool name_constraint) {
  return {.id = id,
          .name = name,
          .hierarchy = hierarchy,
          .is_ca = true,
          .path_length = path_length,
          .key_usage = kCaUsage,
          .extended_key_usages = usages,
          .ends = Ends::never,
          .lifetime = 0s,
          .device = false,
          .receipt = false,
          .appraised_at = false,
          .name_constraint = name_constraint};
}
constexpr Profile service(ProfileId id, std::string_view name, std::span<const OidView> usages,
                          std::chrono::seconds lifetime) {
  return {.id = id,
          .name = name,
          .hierarchy = Hierarchy::service,
          .is_ca = false,
          .path_length = std::nullopt,
          .key_usage = kSigning,
          .extended_key_usages = usages,
          .ends = Ends::after_lifetime,
          .lifetime = lifetime,
          .device = false,
          .receipt = false,
          .appraised_at = false,
          .name_constraint = false};
}

/// Matter Core §6.2.2.3 to §6.2.2.5: no extKeyUsage, no name constraints, and what ends is the product's choice: none.
constexpr Profile matter(ProfileId id, std::string_view name, std::optional<std::uint8_t> path_length) {
  return {.id = id,
          .name = name,
          .hierarchy = Hierarchy::matter,
          .is_ca = path_length.has_value(),
          .path_length = path_length,
          .key_usage = path_length ? kCaUsage : kSigning,
          .extended_key_usages = {},
          .ends = Ends::never,
          .lifetime = 0s,
          .device = false,
          .receipt = false,
          .appraised_at = false,
          .name_constraint = false};
}

constexpr std::array kProfiles{
    root(ProfileId::manufacturing_root, "manufacturing_root", Hierarchy::manufacturing),
    ca(ProfileId::product_line_ca, "product_line_ca", Hierarchy::manufacturing, 2, {}, true),
    ca(ProfileId::factory_ca, "factory_ca", Hierarchy::manufacturing, 1, {}, true),
    ca(ProfileId::batch_ca, "batch_ca", Hierarchy::manufacturing, 0, kClientAuth, true),
    root(ProfileId::operational_root, "operational_root", Hierarchy::operational),
    ca(ProfileId::operational_ca, "operational_ca", Hierarchy::operational, 0, kClientAuth, true),
    root(ProfileId::service_root, "service_root", Hierarchy::service),
    ca(ProfileId::service_ca, "service_ca", Hierarchy::service, 0, kServiceUsages, false),
    // EKU should not appear in an IDevID (802.1AR-2018); the batch CA's clientAuth bounds its use.
    Profile{.id = ProfileId::idevid,
            .name = "idevid",
            .hierarchy = Hierarchy::manufacturing,
            .is_ca = false,
            .path_length = std::nullopt,
            .key_usage = kSigning,
            .extended_key_usages = {},
            .ends = Ends::never,
            .lifetime = 0s,
            .device = true,
            .receipt = true,
            .appraised_at = false,
            .name_constraint = false},
    Profile{.id = ProfileId::ldevid,
            .name = "ldevid",
            .hierarchy = Hierarchy::operational,
            .is_ca = false,
            .path_length = std::nullopt,
            .key_usage = kSigning,
            .extended_key_usages = kClientAuth,
            .ends = Ends::after_lifetime,
            .lifetime = 30 * kDay,
            .device = true,
            .receipt = true,
            .appraised_at = true,
            .name_constraint = false},
    service(ProfileId::server, "server", kRegistrar, 398 * kDay),
    service(ProfileId::station, "station", kClientAuth, 30 * kDay),
    service(ProfileId::operator_person, "operator_person", kClientAuth, 90 * kDay),
    service(ProfileId::gate, "gate", kClientAuth, 90 * kDay),
    matter(ProfileId::matter_paa, "matter_paa", 1),
    matter(ProfileId::matter_pai, "matter_pai", 0),
    matter(ProfileId::matter_dac, "matter_dac", std::nullopt),
};

consteval bool in_order() {
  for (std::size_t i = 0; i < kProfiles.size(); ++i) {
    if (static_cast<std::size_t>(kProfiles[i].id) != i) {
      return false;
    }
  }
  return true;
}
static_assert(in_order(), "one row for each profile, in the order of the enumeration");

struct Issues {
  ProfileId issuer;
  ProfileId subject;
};
using enum ProfileId;
constexpr std::array kMayIssue{
    Issues{manufacturing_root, manufacturing_root},
    Issues{manufacturing_root, product_line_ca},
    Issues{product_line_ca, factory_ca},
    Issues{factory_ca, batch_ca},
    Issues{batch_ca, idevid},
    Issues{factory_ca, idevid},
    Issues{product_line_ca, idevid},
    Issues{manufacturing_root, idevid},
    Issues{operational_root, operational_root},
    Issues{operational_root, operational_ca},
    Issues{operational_ca, ldevid},
    Issues{service_root, service_root},
    Issues{service_root, service_ca},
    Issues{service_ca, server},
    Issues{service_ca, station},
    Issues{service_ca, operator_person},
    Issues{service_ca, gate},
    Issues{matter_paa, matter_paa},
    Issues{matter_paa, matter_pai},
    Issues{matter_pai, matter_dac},
};

}  // namespace

std::span<const Profile> all_profiles() {
  return kProfiles;
}

const Profile& profile(ProfileId id) {
  return kProfiles.at(static_cast<std::size_t>(id));
}

std::optional<ProfileId> profile_named(std::string_view name) {
  const auto* const row = std::ranges::find(kProfiles, name, &Profile::name);
  return row == kProfiles.end() ? std::nullopt : std::optional{row->id};
}

Digest profile_hash(const Profile& p) {
  cbor::Writer out;
  out.array(12);
  out.text("birthmark/profile/v1").text(p.name).unsigned_int(static_cast<std::uint64_t>(p.hierarchy)).boolean(p.is_ca);
  out.integer(p.path_length ? *p.path_length : -1).unsigned_int(p.key_usage);
  out.array(p.extended_key_usages.size());
  for (const auto usage : p.extended_key_usages) {
    out.bytes(usage);
  }
  out.integer(p.ends == Ends::never ? -1 : p.lifetime.count());
  out.boolean(p.device).boolean(p.receipt).boolean(p.appraised_at).boolean(p.name_constraint);
  return crypto::sha256(std::move(out).finish());
}

const Digest& profile_hash(ProfileId id) {
  static const auto hashes = [] {
    std::array<Digest, kProfiles.size()> out;
    std::ranges::transform(kProfiles, out.begin(), [](const Profile& row) { return profile_hash(row); });
    return out;
  }();
  return hashes.at(static_cast<std::size_t>(id));
}

bool may_issue(ProfileId issuer, ProfileId subject) {
  return std::ranges::any_of(kMayIssue,
                             [&](const Issues& row) { return row.issuer == issuer && row.subject == subject; });
}

bool is_root(ProfileId profile) {
  return may_issue(profile, profile);
}

}  // namespace birthmark::pki
