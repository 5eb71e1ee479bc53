// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "crypto/hash.h"
#include "crypto/openssl_verifier.h"
#include "pki/path/path.h"
#include "support/inputs.h"
#include "support/made_certificates.h"

namespace birthmark::pki::path::testing {

inline const Instant kNow = from_rfc3339("2030-06-15T12:00:00Z").value();
inline const Instant kBegin = from_rfc3339("2029-01-01T00:00:00Z").value();
inline const Instant kEnd = from_rfc3339("2031-01-01T00:00:00Z").value();

inline crypto::PrivateKey new_key(crypto::KeyType type = crypto::KeyType::p256) {
  return crypto::PrivateKey::generate(type).value();
}

inline Bytes key_id(const crypto::PrivateKey& key) {
  const auto digest = crypto::sha256(key.public_key().spki());
  return {digest.get().begin(), digest.get().begin() + 20};
}

/// One certificate of a chain before it is signed. What a test changes is changed here.
struct Link {
  std::string name;
  crypto::PrivateKey key = new_key();
  test::MadeCertificate made;
  const crypto::PrivateKey* signer = nullptr;  ///< the issuer's key unless a test says otherwise

  [[nodiscard]] test::MadeExtension* find(BytesView type) {
    for (auto& one : made.extensions) {
      if (equal(one.type, type)) {
        return &one;
      }
    }
    return nullptr;
  }
  void put(test::MadeExtension extension) {
    if (auto* const old = find(extension.type)) {
      *old = std::move(extension);
    } else {
      made.extensions.push_back(std::move(extension));
    }
  }
  void drop(BytesView type) {
    std::erase_if(made.extensions, [&](const test::MadeExtension& one) { return equal(one.type, type); });
  }
};

/// A good chain: a root, CAs and a server, all of which RFC 5280 and the profile of servers are content with.
class Chain {
 public:
  explicit Chain(std::size_t intermediates = 1) {
    links_.reserve(16);
    add("root");
    for (std::size_t i = 0; i < intermediates; ++i) {
      add("ca " + std::to_string(i + 1));
    }
    add("server");
    auto& leaf = links_.back();
    leaf.drop(oids::basic_constraints);
    leaf.put(test::key_usage(usage::digital_signature));
    leaf.put(test::extended_key_usage({oids::server_auth}));
    leaf.put(test::alt_names({test::dns("www.example.com")}));
    options.at = kNow;
    options.purpose = Purpose::server;
    options.host = Host{Host::Kind::dns, "www.example.com"};
    options.conformance = Conformance::issuer;
  }

  [[nodiscard]] Link& root() { return links_.front(); }
  [[nodiscard]] Link& ca(std::size_t number = 1) { return links_.at(number); }
  [[nodiscard]] Link& leaf() { return links_.back(); }

  [[nodiscard]] Bytes der(std::size_t place) const {
    const auto& link = links_.at(place);
    const auto& above = links_.at(place == 0 ? 0 : place - 1);
    return link.made.signed_by(link.signer != nullptr ? *link.signer : above.key);
  }

  [[nodiscard]] Judgement judge() {
    sign();
    Trust trust;
    for (const auto& anchor : anchors_) {
      if (auto read = x509::Certificate::read_anchor(anchor)) {
        trust.add_anchor(make_member(std::move(*read)));
      }
    }
    std::vector<MemberPtr> hints;
    for (const auto& hint : hints_) {
      if (auto read = x509::Certificate::read(hint)) {
        hints.push_back(make_member(std::move(*read)));
      }
    }
    std::vector<x509::Crl> lists;
    for (const auto& crl : crls) {
      if (auto read = x509::Crl::read(crl)) {
        lists.push_back(std::move(*read));
      }
    }
    auto read = x509::Certificate::read(leaf_der_);
    if (!read) {
      Judgement judgement;
      judgement.findings.push_back({.certificate = 0,
                                    .check = "path.leaf",
                                    .clause = "RFC 5280 §4.1",
                                    .outcome = Outcome::failed,
                                    .detail = read.error().detail});
      return judgement;
    }
    return path::judge(trust, make_member(std::move(*read)), hints, lists, options);
  }

  [[nodiscard]] crypto::OpensslAnswer ask_openssl() {
    sign();
    const auto views = [](const std::vector<Bytes>& all) { return std::vector<BytesView>{all.begin(), all.end()}; };
    const auto anchors = views(anchors_), hints = views(hints_), lists = views(crls);
    crypto::OpensslQuestion question{.leaf = leaf_der_, .trusted = anchors, .untrusted = hints, .crls = lists};
    question.at = options.at;
    question.purpose = options.purpose == Purpose::server   ? crypto::OpensslQuestion::Purpose::server
                       : options.purpose == Purpose::client ? crypto::OpensslQuestion::Purpose::client
                                                            : crypto::OpensslQuestion::Purpose::any;
    if (options.host) {
      question.dns_name = options.host->value;
    }
    question.crl_check = options.revocation == RevocationScope::none   ? crypto::OpensslQuestion::CrlCheck::none
                         : options.revocation == RevocationScope::leaf ? crypto::OpensslQuestion::CrlCheck::leaf
                                                                       : crypto::OpensslQuestion::CrlCheck::all;
    question.policies = options.policies.user_initial_policy_set;
    question.explicit_policy = options.policies.initial_explicit_policy;
    question.inhibit_any_policy = options.policies.initial_any_policy_inhibit;
    question.inhibit_policy_mapping = options.policies.initial_policy_mapping_inhibit;
    question.strict = options.conformance == Conformance::issuer;
    return crypto::ask_openssl(question);
  }

  Options options;
  std::vector<Bytes> crls, more_hints, more_anchors;

 private:
  void add(std::string name) {
    Link link;
    link.name = name;
    auto& made = link.made;
    made.serial = {0x4B, static_cast<std::uint8_t>(links_.size() + 1)};
    made.subject = test::common_name(name);
    made.issuer = links_.empty() ? made.subject : links_.back().made.subject;
    made.not_before = kBegin;
    made.not_after = kEnd;
    made.spki = to_bytes(link.key.public_key().spki());
    made.extensions = {test::basic_constraints(true), test::key_usage(usage::key_cert_sign | usage::crl_sign),
                       test::subject_key_id(key_id(link.key))};
    if (!links_.empty()) {
      made.extensions.push_back(test::authority_key_id(key_id(links_.back().key)));
    }
    links_.push_back(std::move(link));
  }

  void sign() {
    anchors_ = more_anchors;
    hints_ = more_hints;
    anchors_.push_back(der(0));
    for (std::size_t i = 1; i + 1 < links_.size(); ++i) {
      hints_.push_back(der(i));
    }
    leaf_der_ = der(links_.size() - 1);
  }

  std::vector<Link> links_;
  std::vector<Bytes> anchors_, hints_;
  Bytes leaf_der_;
};

}  // namespace birthmark::pki::path::testing
