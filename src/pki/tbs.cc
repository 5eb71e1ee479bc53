// SPDX-License-Identifier: Apache-2.0
#include "pki/tbs.h"

#include <algorithm>

#include "codec/der.h"
#include "codec/oid.h"
#include "crypto/hash.h"
#include "pki/arc.h"

namespace birthmark::pki {
namespace {

constexpr std::size_t kRoom = 1024;       // most certificates take less
constexpr std::size_t kRoomBeside = 128;  // of the signature, its algorithm, and what encloses them
constexpr std::size_t kNameTextMax = 64;  // ub-serial-number and friends, RFC 5280 A.1
constexpr std::size_t kHardwareSerialMax = 128;
constexpr std::size_t kHostNameMax = 253, kHostLabelMax = 63;  // RFC 1035 §2.3.4
constexpr Instant kFirstUtcTime{std::chrono::sys_days{std::chrono::year{1950} / 1 / 1}};

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{" '()+,-./:=?"}.find(c) != std::string_view::npos;
  });
}

bool name_text(std::string_view text) {
  return !text.empty() && text.size() <= kNameTextMax &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F && c != '*'; });
}

/// RFC 1123 §2.1: labels of letters, digits and inner hyphens; so no wildcard, no empty label, no dot at the end.
bool host_name(std::string_view text) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (text.empty() || text.size() > kHostNameMax) {
    return false;
  }
  for (std::size_t at = 0; at <= text.size();) {
    const auto label = text.substr(at, text.find('.', at) - at);
    if (label.empty() || label.size() > kHostLabelMax || !letter_or_digit(label.front()) ||
        !letter_or_digit(label.back()) ||
        !std::ranges::all_of(label, [&](char c) { return letter_or_digit(c) || c == '-'; })) {
      return false;
    }
    at += label.size() + 1;
  }
  return true;
}

void rdn(der::Writer& out, BytesView type, std::uint8_t string_tag, std::string_view text) {
  out.open(der::tag::set).open(der::tag::sequence).oid(type).text(string_tag, text).close().close();
}

void write_name(der::Writer& out, const Name& name) {
  out.open(der::tag::sequence);
  rdn(out, oids::organization, der::tag::utf8_string, name.organization);
  for (const auto& unit : name.organizational_units) {
    rdn(out, oids::organizational_unit, der::tag::utf8_string, unit);
  }
  if (!name.common_name.empty()) {
    rdn(out, oids::common_name, der::tag::utf8_string, name.common_name);
  }
  if (!name.serial_number.empty()) {
    rdn(out, oids::serial_number, der::tag::printable_string, name.serial_number);
  }
  if (name.matter.vendor) {
    rdn(out, oids::matter_vendor_id, der::tag::utf8_string, matter::id_text(*name.matter.vendor));
  }
  if (name.matter.product) {
    rdn(out, oids::matter_product_id, der::tag::utf8_string, matter::id_text(*name.matter.product));
  }
  out.close();
}

Result<void> check_hosts(const Profile& profile, const Subject& subject) {
  const bool service = profile.hierarchy == Hierarchy::service && !profile.is_ca;
  if (!service && !(subject.dns_names.empty() && subject.ip_addresses.empty())) {
    return fail(Code::csr_policy, "only services have host names and addresses");
  }
  return std::ranges::all_of(subject.dns_names, host_name)
             ? Result<void>{}
             : fail(Code::csr_policy, "a host name of another form than RFC 1123 has");
}

/// Matter Core §6.2.2: a DAC has vendor and product, a PAI a vendor, a PAA no product; nobody else has any, and none
/// stands in the commonName, where readers look for them too.
Result<void> check_matter_ids(const Profile& profile, const Name& name) {
  const auto& ids = name.matter;
  if (profile.hierarchy != Hierarchy::matter) {
    return ids == matter::VendorProduct{} ? Result<void>{}
                                          : fail(Code::csr_policy, "a Matter id outside the Matter profiles");
  }
  const bool vendor_fits = ids.vendor || profile.id == ProfileId::matter_paa;
  const bool product_fits = profile.id == ProfileId::matter_dac   ? ids.product.has_value()
                            : profile.id == ProfileId::matter_paa ? !ids.product
                                                                  : true;
  if (!vendor_fits || !product_fits || name.common_name.find("Mvid:") != std::string::npos ||
      name.common_name.find("Mpid:") != std::string::npos) {
    return fail(Code::csr_policy, "vendor or product id are missing, or stand where none may");
  }
  return {};
}

Result<void> check_names(const Profile& profile, const Subject& subject) {
  const auto& name = subject.name;
  const bool texts = name_text(name.organization) && std::ranges::all_of(name.organizational_units, name_text) &&
                     (name.common_name.empty() || name_text(name.common_name)) &&
                     (name.serial_number.empty() || (name_text(name.serial_number) && printable(name.serial_number)));
  if (!texts) {
    return fail(Code::csr_policy, "a name is empty, longer than 64 bytes or holds other than printable ASCII");
  }
  if (profile.device != !name.serial_number.empty() || profile.device != subject.device.has_value()) {
    return fail(Code::csr_policy, "devices, and only devices, have a serialNumber and device fields");
  }
  if (!profile.device && name.common_name.empty()) {
    return fail(Code::csr_policy, "CAs and services have a commonName");
  }
  if (profile.device &&
      (subject.device->hardware_serial.empty() || subject.device->hardware_serial.size() > kHardwareSerialMax ||
       !std::ranges::all_of(subject.device->hardware_serial, [](char c) { return c >= 0x20 && c < 0x7F; }) ||
       profile.appraised_at != subject.device->appraised_at.has_value())) {
    return fail(Code::csr_policy, "hardware serial or appraised-at missing, too long or not printable");
  }
  BM_CHECK(check_matter_ids(profile, name));
  return check_hosts(profile, subject);
}

/// The scope of a manufacturing or operational CA is a prefix of what it names.
Result<void> check_scope(const Issuer& issuer, const Profile& profile, const Name& name) {
  if (!may_issue(issuer.profile, profile.id)) {
    return fail(Code::scope, "a CA of this profile issues no such certificate");
  }
  if ((issuer.matter.vendor && issuer.matter.vendor != name.matter.vendor) ||
      (issuer.matter.product && issuer.matter.product != name.matter.product)) {
    return fail(Code::scope, "another Matter vendor or product than the issuer's");
  }
  if (!pki::profile(issuer.profile).name_constraint) {
    return {};
  }
  const bool inside =
      name.organization == issuer.scope_organization && name.organizational_units.size() >= issuer.scope_units.size() &&
      std::equal(issuer.scope_units.begin(), issuer.scope_units.end(), name.organizational_units.begin());
  return inside ? Result<void>{} : fail(Code::scope, "the subject lies outside the issuer's scope");
}

Result<Instant> end_of(const Issuer& issuer, const Profile& profile, const Request& request) {
  const Instant by_profile =
      profile.ends == Ends::never
          ? kNoEnd
          : Instant{std::chrono::floor<std::chrono::seconds>(request.not_before + profile.lifetime)};
  const Instant end{std::chrono::floor<std::chrono::seconds>(request.not_after.value_or(by_profile))};
  if (request.not_before < kFirstUtcTime) {
    return fail(Code::clock_suspect, "would begin before 1950");
  }
  if (end > by_profile) {
    return fail(Code::issuer_expires_first, "asked to live longer than the profile allows");
  }
  if (end <= request.not_before || end > issuer.not_after || request.not_before >= issuer.not_after) {
    return fail(Code::issuer_expires_first, "would be born expired, or outlive its issuer");
  }
  return end;
}

// --- extensions -------------------------------------------------------------------------------------------------

enum class Critical : bool { no, yes };

/// @param value writes what the extension says.
template <class Value>
void extension(der::Writer& out, BytesView type, Critical critical, const Value& value) {
  out.open(der::tag::sequence).oid(type);
  if (critical == Critical::yes) {
    out.boolean(true);
  }
  out.open(der::tag::octet_string);
  value();
  out.close().close();
}

void basic_constraints(der::Writer& out, const Profile& profile) {
  out.open(der::tag::sequence);
  if (profile.is_ca) {
    out.boolean(true);
  }
  if (profile.path_length) {
    out.unsigned_int(*profile.path_length);
  }
  out.close();
}

void oid_sequence(der::Writer& out, std::span<const std::span<const std::uint8_t>> types) {
  out.open(der::tag::sequence);
  for (const auto type : types) {
    out.oid(type);
  }
  out.close();
}

void policies(der::Writer& out, const std::vector<Bytes>& types) {
  out.open(der::tag::sequence);
  for (const auto& type : types) {
    out.open(der::tag::sequence).oid(type).close();
  }
  out.close();
}

/// permittedSubtrees with one directoryName: the CA's own organization and units.
void name_constraint(der::Writer& out, const Name& name) {
  out.open(der::tag::sequence).open(der::tag::context_constructed(0));
  out.open(der::tag::sequence).open(der::tag::context_constructed(4));
  write_name(out, {.organization = name.organization,
                   .organizational_units = name.organizational_units,
                   .common_name = {},
                   .serial_number = {}});
  out.close().close().close().close();
}

void crl_distribution_point(der::Writer& out, const std::string& url) {
  out.open(der::tag::sequence).open(der::tag::sequence).open(der::tag::context_constructed(0));
  out.open(der::tag::context_constructed(0)).text(der::tag::context(6), url);
  out.close().close().close().close();
}

/// otherName hardwareModuleName (RFC 4108 §5): SEQUENCE { hwType, hwSerialNum }.
void hardware_module_name(der::Writer& out, const DeviceFields& device) {
  out.open(der::tag::sequence).open(der::tag::context_constructed(0)).oid(oids::hardware_module_name);
  out.open(der::tag::context_constructed(0)).open(der::tag::sequence);
  out.oid(device.hardware_type).octet_string(as_bytes(device.hardware_serial));
  out.close().close().close().close();
}

void server_names(der::Writer& out, const Subject& subject) {
  out.open(der::tag::sequence);
  for (const auto& name : subject.dns_names) {
    out.text(der::tag::context(2), name);
  }
  for (const auto& address : subject.ip_addresses) {
    out.primitive(der::tag::context(7), address);
  }
  out.close();
}

/// Always GeneralizedTime, whatever the year: this is our extension, not a Validity.
void appraised_at(der::Writer& out, Instant t) {
  std::string text = to_rfc3339(t);
  std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'T'; });
  out.text(der::tag::generalized_time, text);
}

void write_extensions(der::Writer& out, const Issuer& issuer, const Profile& profile, const Subject& subject) {
  using enum Critical;
  out.open(der::tag::context_constructed(3)).open(der::tag::sequence);
  extension(out, oids::authority_key_identifier, no,
            [&] { out.open(der::tag::sequence).primitive(der::tag::context(0), issuer.key_id).close(); });
  // A DAC says that it is no CA, and names its key (Matter Core §6.2.2.3).
  if (profile.is_ca || profile.hierarchy == Hierarchy::matter) {
    extension(out, oids::subject_key_identifier, no, [&] { out.octet_string(key_id(subject.spki)); });
    extension(out, oids::basic_constraints, yes, [&] { basic_constraints(out, profile); });
  }
  extension(out, oids::key_usage, yes, [&] { out.named_bits(profile.key_usage); });
  if (!profile.extended_key_usages.empty()) {
    extension(out, oids::extended_key_usage, no, [&] { oid_sequence(out, profile.extended_key_usages); });
  }
  if (profile.name_constraint) {
    extension(out, oids::name_constraints, yes, [&] { name_constraint(out, subject.name); });
  }
  if (subject.device) {
    extension(out, oids::subject_alt_name, no, [&] { hardware_module_name(out, *subject.device); });
    if (!subject.device->policies.empty()) {
      extension(out, oids::certificate_policies, no, [&] { policies(out, subject.device->policies); });
    }
  }
  if (!subject.dns_names.empty() || !subject.ip_addresses.empty()) {
    extension(out, oids::subject_alt_name, no, [&] { server_names(out, subject); });
  }
  if (!issuer.crl_url.empty()) {
    extension(out, oids::crl_distribution_points, no, [&] { crl_distribution_point(out, issuer.crl_url); });
  }
  if (subject.device && subject.device->appraised_at) {
    extension(out, arc::appraised_at, no, [&] { appraised_at(out, *subject.device->appraised_at); });
  }
  out.close().close();
}

}  // namespace

Bytes encode(const Name& name) {
  der::Writer out;
  write_name(out, name);
  return std::move(out).finish();
}

Octets<20> key_id(BytesView spki) {
  const auto digest = crypto::sha256(spki);
  Octets<20> out;
  std::copy_n(digest.get().begin(), out.size(), out.begin());
  return out;
}

Result<Tbs> build_tbs(const Issuer& issuer, const Request& request) {
  const auto& wanted = profile(request.profile);
  BM_CHECK(check_names(wanted, request.subject));
  BM_CHECK(check_scope(issuer, wanted, request.subject.name));
  BM_TRY(const auto not_after, end_of(issuer, wanted, request));

  der::Writer out{kRoom};
  out.open(der::tag::sequence);
  out.open(der::tag::context_constructed(0)).unsigned_int(2).close();  // v3
  out.positive_integer(request.serial.get());
  out.open(der::tag::sequence).oid(oids::ecdsa_with_sha256).close();
  out.raw(issuer.name);
  out.open(der::tag::sequence).time(request.not_before).time(not_after).close();
  write_name(out, request.subject.name);
  out.raw(request.subject.spki);
  write_extensions(out, issuer, wanted, request.subject);
  out.close();
  return Tbs{std::move(out).finish(), not_after};
}

Bytes assemble(BytesView tbs, BytesView signature) {
  der::Writer out{tbs.size() + kRoomBeside};
  out.open(der::tag::sequence).raw(tbs);
  out.open(der::tag::sequence).oid(oids::ecdsa_with_sha256).close();
  out.bit_string(signature).close();
  return std::move(out).finish();
}

}  // namespace birthmark::pki
