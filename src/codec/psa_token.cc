// SPDX-License-Identifier: Apache-2.0
#include "codec/psa_token.h"

#include <algorithm>
#include <array>
#include <limits>

#include "codec/cbor.h"

namespace birthmark::psa {
namespace {

/// One claim, by whichever key its profile gives it.
enum class Claim : std::uint8_t {
  profile,
  nonce,
  instance_id,
  client_id,
  lifecycle,
  implementation_id,
  boot_seed,
  certification_reference,
  components,
  no_components,
  verification_service,
};

struct Key {
  Claim claim;
  std::int64_t modern;  ///< RFC 9783 §4; 0: not there
  std::int64_t iot_1;   ///< of PSA_IOT_PROFILE_1
};
constexpr std::int64_t kBootSeedOfArm2 = 2397;
constexpr std::array kKeys{
    Key{Claim::profile, 265, -75000},
    Key{Claim::nonce, 10, -75008},
    Key{Claim::instance_id, 256, -75009},
    Key{Claim::client_id, 2394, -75001},
    Key{Claim::lifecycle, 2395, -75002},
    Key{Claim::implementation_id, 2396, -75003},
    Key{Claim::boot_seed, 268, -75004},
    Key{Claim::certification_reference, 2398, -75005},
    Key{Claim::components, 2399, -75006},
    Key{Claim::no_components, 0, -75007},
    Key{Claim::verification_service, 2400, -75010},
};

/// Members of a software component.
namespace member {
constexpr std::int64_t type = 1, measurement = 2, version = 4, signer_id = 5, description = 6;
}

tl::unexpected<Error> refuse(std::string what) {
  return fail(Code::bad_evidence, "PSA token: " + std::move(what));
}

std::int64_t key_of(const Key& key, Profile profile) {
  if (profile == Profile::iot_1) {
    return key.iot_1;
  }
  return profile == Profile::arm_2 && key.claim == Claim::boot_seed ? kBootSeedOfArm2 : key.modern;
}

std::optional<Claim> claim_of(std::int64_t number, Profile profile) {
  for (const auto& key : kKeys) {
    if (number != 0 && key_of(key, profile) == number) {
      return key.claim;
    }
  }
  return std::nullopt;
}

bool is_hash_size(std::size_t size) {
  return size == 32 || size == 48 || size == 64;
}

bool are_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// EAN-13, a hyphen, five digits; the first profile had the EAN-13 alone.
bool is_reference(std::string_view text, Profile profile) {
  constexpr std::size_t kEan = 13, kWhole = 19;
  if (profile == Profile::iot_1 && text.size() == kEan) {
    return are_digits(text);
  }
  return text.size() == kWhole && text[kEan] == '-' && are_digits(text.substr(0, kEan)) &&
         are_digits(text.substr(kEan + 1));
}

/// RFC 9783 §4.3.1: seven ranges of 256 values.
bool is_lifecycle(std::uint64_t value) {
  return value <= 0x60FF && (value >> 8) % 0x10 == 0;
}

Result<std::string> read_text(cbor::Reader& in, const char* what) {
  BM_TRY(const auto text, in.text());
  if (text.empty() || text.size() > kTextMaxBytes) {
    return refuse(std::string{what} + " is empty or longer than 256 octets");
  }
  return std::string{text};
}

Result<Bytes> read_hash(cbor::Reader& in, const char* what) {
  BM_TRY(const auto value, in.bytes());
  if (!is_hash_size(value.size())) {
    return refuse(std::string{what} + " is not of 32, 48 or 64 octets");
  }
  return to_bytes(value);
}

Result<SoftwareComponent> read_component(cbor::Reader& in) {
  BM_TRY(const auto pairs, in.map());
  SoftwareComponent out;
  for (std::size_t i = 0; i < pairs; ++i) {
    BM_TRY(const auto type, in.peek());
    if (type != cbor::Type::unsigned_int) {
      BM_CHECK(in.skip());
      BM_CHECK(in.skip());
      continue;
    }
    BM_TRY(const auto number, in.unsigned_int());
    switch (number) {
      case member::type: {
        BM_TRY(out.type, read_text(in, "measurement type"));
        break;
      }
      case member::measurement: {
        BM_TRY(out.measurement, read_hash(in, "measurement"));
        break;
      }
      case member::version: {
        BM_TRY(out.version, read_text(in, "version"));
        break;
      }
      case member::signer_id: {
        BM_TRY(out.signer_id, read_hash(in, "signer id"));
        break;
      }
      case member::description: {
        BM_TRY(out.description, read_text(in, "measurement description"));
        break;
      }
      default:  // not an enum: unknown members are passed over
        BM_CHECK(in.skip());
    }
  }
  if (out.measurement.empty() || out.signer_id.empty()) {
    return refuse("a software component lacks its measurement or signer id");
  }
  return out;
}

Result<std::vector<SoftwareComponent>> read_components(cbor::Reader& in) {
  BM_TRY(const auto count, in.array());
  if (count == 0 || count > kComponentsMax) {
    return refuse("no software component, or more than 64");
  }
  std::vector<SoftwareComponent> out;
  for (std::size_t i = 0; i < count; ++i) {
    BM_TRY(auto component, read_component(in));
    out.push_back(std::move(component));
  }
  return out;
}

/// Reads claims by one profile and keeps in mind which there were.
class ClaimReader {
 public:
  ClaimReader(BytesView payload, Profile profile)
      : in_{payload, {.rule = cbor::Rule::definite}}, out_{.profile = profile, .nonce = {}, .components = {}} {}

  Result<Claims> read() {
    BM_TRY(const auto pairs, in_.map());
    for (std::size_t i = 0; i < pairs; ++i) {
      BM_CHECK(pair());
    }
    BM_CHECK(in_.finish());
    BM_CHECK(complete());
    return std::move(out_);
  }

 private:
  Result<void> pair() {
    BM_TRY(const auto type, in_.peek());
    if (type != cbor::Type::unsigned_int && type != cbor::Type::negative_int) {
      BM_CHECK(in_.skip());
      return in_.skip();
    }
    BM_TRY(const auto number, in_.integer());
    const auto known = claim_of(number, out_.profile);
    if (!known) {
      return in_.skip();
    }
    seen_ |= bit(*known);
    return claim(*known);
  }

  Result<void> claim(Claim which) {
    switch (which) {
      case Claim::profile:
        return in_.skip();  // it has chosen this reader
      case Claim::nonce: {
        BM_TRY(out_.nonce, read_hash(in_, "nonce"));
        return {};
      }
      case Claim::instance_id:
        return instance_id();
      case Claim::client_id:
        return client_id();
      case Claim::lifecycle:
        return lifecycle();
      case Claim::implementation_id:
        return implementation_id();
      case Claim::boot_seed:
        return boot_seed();
      case Claim::certification_reference:
        return certification_reference();
      case Claim::components: {
        BM_TRY(out_.components, read_components(in_));
        return {};
      }
      case Claim::no_components: {
        BM_TRY(const auto one, in_.unsigned_int());
        return one == 1 ? Result<void>{} : refuse("no-software-measurements is not 1");
      }
      case Claim::verification_service: {
        BM_TRY(out_.verification_service, read_text(in_, "verification service"));
        return {};
      }
    }
    return in_.skip();
  }

  Result<void> instance_id() {
    BM_TRY(const auto value, in_.bytes());
    const auto id = octets<33>(value);
    if (!id || id->front() != 0x01) {
      return refuse("instance id is not 01 and 32 octets");
    }
    out_.instance_id = *id;
    return {};
  }

  Result<void> client_id() {
    BM_TRY(const auto value, in_.integer());
    if (value == 0 || value < std::numeric_limits<std::int32_t>::min() ||
        value > std::numeric_limits<std::int32_t>::max()) {
      return refuse("client id is 0 or does not fit 32 bits");
    }
    out_.client_id = static_cast<std::int32_t>(value);
    return {};
  }

  Result<void> lifecycle() {
    BM_TRY(const auto value, in_.unsigned_int());
    if (!is_lifecycle(value)) {
      return refuse("unknown security lifecycle");
    }
    out_.lifecycle = static_cast<std::uint16_t>(value);
    return {};
  }

  Result<void> implementation_id() {
    BM_TRY(const auto value, in_.bytes());
    const auto id = octets<32>(value);
    if (!id) {
      return refuse("implementation id is not of 32 octets");
    }
    out_.implementation_id = *id;
    return {};
  }

  Result<void> boot_seed() {
    BM_TRY(const auto value, in_.bytes());
    // The first profile fixed it at 32 octets; RFC 9783 §4.3.2 lets it be shorter.
    const std::size_t least = out_.profile == Profile::iot_1 ? 32 : 8;
    if (value.size() < least || value.size() > 32) {
      return refuse("boot seed has another size");
    }
    out_.boot_seed = to_bytes(value);
    return {};
  }

  Result<void> certification_reference() {
    BM_TRY(const auto text, in_.text());
    if (!is_reference(text, out_.profile)) {
      return refuse("certification reference has another form");
    }
    out_.certification_reference = std::string{text};
    return {};
  }

  /// What must be there. That the first profile may say "none" instead of components is told apart from silence.
  Result<void> complete() const {
    auto required = bit(Claim::nonce) | bit(Claim::instance_id) | bit(Claim::client_id) | bit(Claim::lifecycle) |
                    bit(Claim::implementation_id);
    if (out_.profile == Profile::iot_1) {
      required |= bit(Claim::boot_seed);
    }
    if ((seen_ & required) != required) {
      return refuse("a claim is missing");
    }
    const bool some = (seen_ & bit(Claim::components)) != 0;
    const bool none = (seen_ & bit(Claim::no_components)) != 0;
    return some != none ? Result<void>{} : refuse("software components are missing, or said to be there and not");
  }

  static constexpr std::uint32_t bit(Claim claim) { return 1U << static_cast<unsigned>(claim); }

  cbor::Reader in_;
  Claims out_;
  std::uint32_t seen_ = 0;
};

Result<Profile> profile_named(std::string_view text) {
  for (const auto profile : {Profile::rfc9783, Profile::arm_2, Profile::iot_1}) {
    if (text == name(profile)) {
      return profile;
    }
  }
  return refuse("another profile");
}

/// Goes over the whole map once for the profile alone: it decides what the other claims are.
Result<Profile> read_profile(BytesView payload) {
  cbor::Reader in{payload, {.rule = cbor::Rule::definite}};
  std::optional<Profile> modern, first;
  BM_TRY(const auto pairs, in.map());
  for (std::size_t i = 0; i < pairs; ++i) {
    BM_TRY(const auto type, in.peek());
    std::int64_t number = 0;
    if (type == cbor::Type::unsigned_int || type == cbor::Type::negative_int) {
      BM_TRY(number, in.integer());
    } else {
      BM_CHECK(in.skip());
    }
    if (number != kKeys.front().modern && number != kKeys.front().iot_1) {
      BM_CHECK(in.skip());
      continue;
    }
    BM_TRY(const auto text, in.text());
    auto& said = number == kKeys.front().modern ? modern : first;
    BM_TRY(said, profile_named(text));
  }
  BM_CHECK(in.finish());
  if ((modern && (first || *modern == Profile::iot_1)) || (first && *first != Profile::iot_1)) {
    return refuse("the profile stands under the key of another one");
  }
  return modern.value_or(Profile::iot_1);
}

// --- writing ---

void write(cbor::Writer& out, const SoftwareComponent& component) {
  const auto there = [](const std::string& text) { return text.empty() ? 0U : 1U; };
  out.map(2 + there(component.type) + there(component.version) + there(component.description));
  const auto text = [&](std::uint64_t number, const std::string& value) {
    if (!value.empty()) {
      out.unsigned_int(number).text(value);
    }
  };
  text(member::type, component.type);
  out.unsigned_int(member::measurement).bytes(component.measurement);
  text(member::version, component.version);
  out.unsigned_int(member::signer_id).bytes(component.signer_id);
  text(member::description, component.description);
}

bool is_there(Claim claim, const Claims& claims) {
  switch (claim) {
    case Claim::boot_seed:
      return claims.boot_seed.has_value();
    case Claim::certification_reference:
      return claims.certification_reference.has_value();
    case Claim::components:
      return !claims.components.empty();
    case Claim::no_components:
      return claims.profile == Profile::iot_1 && claims.components.empty();
    case Claim::verification_service:
      return claims.verification_service.has_value();
    case Claim::profile:
    case Claim::nonce:
    case Claim::instance_id:
    case Claim::client_id:
    case Claim::lifecycle:
    case Claim::implementation_id:
      break;
  }
  return true;
}

void write(cbor::Writer& out, Claim claim, const Claims& claims) {
  switch (claim) {
    case Claim::profile:
      out.text(name(claims.profile));
      return;
    case Claim::nonce:
      out.bytes(claims.nonce);
      return;
    case Claim::instance_id:
      out.bytes(claims.instance_id);
      return;
    case Claim::client_id:
      out.integer(claims.client_id);
      return;
    case Claim::lifecycle:
      out.unsigned_int(claims.lifecycle);
      return;
    case Claim::implementation_id:
      out.bytes(claims.implementation_id);
      return;
    case Claim::boot_seed:
      out.bytes(*claims.boot_seed);
      return;
    case Claim::certification_reference:
      out.text(*claims.certification_reference);
      return;
    case Claim::components:
      out.array(claims.components.size());
      for (const auto& component : claims.components) {
        write(out, component);
      }
      return;
    case Claim::no_components:
      out.unsigned_int(1);
      return;
    case Claim::verification_service:
      out.text(*claims.verification_service);
      return;
  }
}

}  // namespace

std::string_view name(Profile profile) {
  switch (profile) {
    case Profile::rfc9783:
      return "tag:psacertified.org,2023:psa#tfm";
    case Profile::arm_2:
      return "http://arm.com/psa/2.0.0";
    case Profile::iot_1:
      return "PSA_IOT_PROFILE_1";
  }
  return "unknown";
}

Result<Claims> read_claims(BytesView payload, Profiles profiles) {
  BM_TRY(const auto profile, read_profile(payload));
  if (profile != Profile::rfc9783 && profiles == Profiles::rfc9783_only) {
    return refuse("profile " + std::string{name(profile)} + " is older than RFC 9783, and not taken");
  }
  return ClaimReader{payload, profile}.read();
}

Bytes write(const Claims& claims) {
  std::vector<std::pair<std::int64_t, Claim>> there;
  for (const auto& key : kKeys) {
    if (is_there(key.claim, claims)) {
      there.emplace_back(key_of(key, claims.profile), key.claim);
    }
  }
  // The order of the encodings (RFC 8949 §4.2.1): all keys of one profile have one sign.
  std::ranges::sort(there, {}, [](const auto& pair) { return pair.first < 0 ? -1 - pair.first : pair.first; });
  cbor::Writer out;
  out.map(there.size());
  for (const auto& [number, claim] : there) {
    out.integer(number);
    write(out, claim, claims);
  }
  return out.finish();
}

}  // namespace birthmark::psa
