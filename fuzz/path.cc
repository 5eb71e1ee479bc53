// SPDX-License-Identifier: Apache-2.0
// Law: a path that we accept, OpenSSL accepts in its strictest mode. The input chooses what stands in a chain of three
// certificates, which is then signed with keys of this process, so that the search gets past the signatures.
#include <cstdlib>
#include <deque>

#include "../tests/support/made_certificates.h"
#include "crypto/hash.h"
#include "crypto/openssl_verifier.h"
#include "pki/path/path.h"

using namespace birthmark;
using namespace birthmark::pki::path;

namespace {

constexpr std::size_t kLinks = 3;
const Instant kNow = from_rfc3339("2030-06-15T12:00:00Z").value();

const std::deque<crypto::PrivateKey>& keys() {
  static const auto made = [] {
    std::deque<crypto::PrivateKey> out;
    for (std::size_t i = 0; i < kLinks; ++i) {
      out.push_back(crypto::PrivateKey::generate(crypto::KeyType::p256).value());
    }
    return out;
  }();
  return made;
}

/// Choices, one octet each; zeros when they have run out.
class Choices {
 public:
  explicit Choices(BytesView input) : input_{input} {}
  std::uint8_t octet() {
    if (input_.empty()) {
      return 0;
    }
    const auto first = input_.front();
    input_ = input_.subspan(1);
    return first;
  }
  template <std::size_t N>
  std::string_view one_of(const std::array<std::string_view, N>& words) {
    return words.at(octet() % N);
  }

 private:
  BytesView input_;
};

constexpr std::array<std::string_view, 8> kHosts{
    "www.example.com", "example.com", "*.example.com", "a.www.example.com", "example.org", "", "com",
    "WWW.EXAMPLE.COM"};
constexpr std::array<std::string_view, 6> kMails{"a@example.com", "example.com",     ".example.com",
                                                 "A@EXAMPLE.com", "b@x.example.com", "a@example.org"};
constexpr std::array<std::string_view, 4> kNames{"root", "Root", "ca", "leaf"};
const std::array<Bytes, 4> kPolicies{to_bytes(oids::any_policy), to_bytes(oid<2, 999, 1>), to_bytes(oid<2, 999, 2>),
                                     to_bytes(oid<2, 999, 3>)};

test::MadeName name_of(Choices& c) {
  switch (c.octet() % 4) {
    case 0:
      return test::dns(c.one_of(kHosts));
    case 1:
      return test::mail(c.one_of(kMails));
    case 2:
      return test::directory(test::common_name(c.one_of(kNames)));
    default:
      return test::ip({10, c.octet(), 0, 1});
  }
}

test::MadeName base_of(Choices& c) {
  auto base = name_of(c);
  if (base.tag == 0x87) {
    append(base.value, Bytes{255, c.octet(), 0, 0});
  }
  return base;
}

Bytes key_id(const crypto::PrivateKey& key) {
  const auto digest = crypto::sha256(key.public_key().spki());
  return {digest.get().begin(), digest.get().begin() + 20};
}

void put_extension(Choices& c, std::vector<test::MadeExtension>& out) {
  switch (c.octet() % 12) {
    case 0:
      out.push_back(test::alt_names({name_of(c), name_of(c)}));
      return;
    case 1:
      out.push_back(test::name_constraints({base_of(c)}));
      return;
    case 2:
      out.push_back(test::name_constraints({}, {base_of(c), base_of(c)}));
      return;
    case 3:
      out.push_back(test::policies({kPolicies.at(c.octet() % 4)}));
      return;
    case 4:
      out.push_back(test::policy_mappings({{kPolicies.at(c.octet() % 4), kPolicies.at(c.octet() % 4)}}));
      return;
    case 5:
      out.push_back(test::policy_constraints(std::uint8_t(c.octet() % 4), std::uint8_t(c.octet() % 4)));
      return;
    case 6:
      out.push_back(test::inhibit_any_policy(static_cast<std::uint8_t>(c.octet() % 4)));
      return;
    case 7:
      out.push_back({to_bytes(oid<2, 999, 9>), c.octet() % 2 == 1, {0x05, 0x00}});
      return;
    case 8:
      out.push_back(test::extended_key_usage({oids::server_auth}, c.octet() % 2 == 1));
      return;
    default:
      return;
  }
}

test::MadeCertificate link(Choices& c, std::size_t place) {
  test::MadeCertificate made;
  made.serial = {0x4B, static_cast<std::uint8_t>(place + 1)};
  made.subject = test::common_name(c.octet() % 4 == 0 ? c.one_of(kNames) : kNames.at(place == 0 ? 0 : place + 1));
  made.not_before = kNow + std::chrono::hours{(c.octet() % 16 == 1 ? 1 : -1) * 24};
  made.not_after = kNow + std::chrono::hours{(c.octet() % 16 == 1 ? -1 : 1) * 48};
  made.spki = to_bytes(keys().at(place).public_key().spki());
  const bool leaf = place + 1 == kLinks;
  const auto constraints = c.octet();
  if (!leaf || constraints % 4 == 1) {
    const auto length = constraints % 4 == 2 ? std::optional<unsigned>{constraints / 4 % 3} : std::nullopt;
    made.extensions.push_back(
        test::basic_constraints(constraints % 16 != 15, constraints % 16 != 15 ? length : std::nullopt));
  }
  const auto bits = c.octet();
  made.extensions.push_back(test::key_usage(bits % 8 == 7 ? (bits & 0x7FU) | 1U : leaf ? 1U : usage::key_cert_sign));
  made.extensions.push_back(test::subject_key_id(key_id(keys().at(place))));
  if (place != 0) {
    made.extensions.push_back(test::authority_key_id(key_id(keys().at(place - 1))));
  }
  for (int i = c.octet() % 5; i > 0; --i) {
    put_extension(c, made.extensions);
  }
  return made;
}

}  // namespace

/// OpenSSL 3.0 loses policyConstraints that stand without certificatePolicies; nothing of ours is lost in there.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libcrypto\n";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices{{data, size}};
  Options options;
  options.at = kNow;
  options.conformance = Conformance::issuer;
  const auto flags = choices.octet();
  options.policies.initial_explicit_policy = (flags & 1) != 0;
  options.policies.initial_any_policy_inhibit = (flags & 2) != 0;
  options.policies.initial_policy_mapping_inhibit = (flags & 4) != 0;
  if ((flags & 8) != 0) {
    options.policies.user_initial_policy_set = std::vector<Bytes>{kPolicies.at(choices.octet() % 4)};
  }
  std::array<Bytes, kLinks> der;
  Bytes above;
  for (std::size_t place = 0; place < kLinks; ++place) {
    auto made = link(choices, place);
    made.issuer = place == 0 ? made.subject : above;
    above = made.subject;
    der.at(place) = made.signed_by(keys().at(place == 0 ? 0 : place - 1));
  }
  const auto anchor = x509::Certificate::read_anchor(der[0]);
  const auto ca = x509::Certificate::read(der[1]), leaf = x509::Certificate::read(der[2]);
  if (!anchor || !ca || !leaf) {
    return 0;
  }
  Trust trust;
  trust.add_anchor(make_member(*anchor));
  const std::array hints{make_member(*ca)};
  const auto judgement = judge(trust, make_member(*leaf), hints, {}, options);
  if (judgement.signatures > Effort::kSignaturesMax || judgement.findings.empty()) {
    std::abort();
  }
  if (!judgement.accepted()) {
    return 0;
  }
  const std::array<BytesView, 1> trusted{der[0]}, untrusted{der[1]};
  crypto::OpensslQuestion question{.leaf = der[2], .trusted = trusted, .untrusted = untrusted, .crls = {}};
  question.at = kNow;
  question.policies = options.policies.user_initial_policy_set;
  question.explicit_policy = options.policies.initial_explicit_policy;
  question.inhibit_any_policy = options.policies.initial_any_policy_inhibit;
  question.inhibit_policy_mapping = options.policies.initial_policy_mapping_inhibit;
  if (const auto answer = crypto::ask_openssl(question); !answer.accepted) {
    std::fprintf(stderr, "OpenSSL refuses: %s at %d\n", answer.reason.c_str(), answer.depth);
    std::abort();
  }
  return 0;
}
