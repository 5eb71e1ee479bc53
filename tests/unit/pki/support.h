// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/oid.h"
#include "codec/pem.h"
#include "crypto/hash.h"
#include "pki/arc.h"
#include "pki/issuer.h"
#include "pki/profile.h"
#include "pki/receipt.h"
#include "pki/tbs.h"
#include "support/process.h"
#include "support/temp_dir.h"

/// Whole hierarchies with real keys, made as the server makes them, and certificates taken apart to be spoilt.
namespace birthmark::pki::testing {

inline Instant at(std::string_view rfc3339) {
  return from_rfc3339(rfc3339).value();
}
inline Instant made_at() {
  return at("2026-11-23T10:00:00Z");
}

inline crypto::PrivateKey new_key(crypto::KeyType type = crypto::KeyType::p256) {
  return std::move(*crypto::PrivateKey::generate(type));
}

inline Serial serial(std::uint8_t n) {
  Octets<16> octets{0x4B, 0, 0, 0, n, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x07, 0x18, 0x29, 0x3A, 0x4B};
  return Serial{octets};
}

inline Name name_of(std::string organization, std::vector<std::string> units, std::string common_name) {
  return {.organization = std::move(organization),
          .organizational_units = std::move(units),
          .common_name = std::move(common_name),
          .serial_number = {}};
}

inline Name matter_name(std::string common_name, matter::VendorProduct ids) {
  auto name = name_of("Example Devices", {}, std::move(common_name));
  name.matter = ids;
  return name;
}

/// One CA with its key.
struct Ca {
  crypto::PrivateKey key;
  CaCertificate made;

  [[nodiscard]] BytesView der() const { return made.certificate.der(); }
  [[nodiscard]] const Issuer& issuer() const { return made.issuer; }
};

inline Bytes sign(const crypto::PrivateKey& key, BytesView tbs) {
  return assemble(tbs, key.sign(tbs).value());
}

inline Request request_of(ProfileId profile, Name name, BytesView spki) {
  return {
      .profile = profile,
      .serial = serial(static_cast<std::uint8_t>(profile)),
      .not_before = made_at(),
      .not_after = std::nullopt,
      .subject = {.name = std::move(name), .spki = to_bytes(spki), .device = {}, .dns_names = {}, .ip_addresses = {}}};
}

inline constexpr std::string_view kCrlUrl = "http://pki.example/crl/7";

inline Ca make_root(ProfileId profile, const Name& name) {
  auto key = new_key();
  const Issuer self{.profile = profile,
                    .name = encode(name),
                    .key_id = key_id(key.public_key().spki()),
                    .not_after = kNoEnd,
                    .crl_url = {},
                    .scope_organization = {},
                    .scope_units = {},
                    .matter = name.matter};
  const auto tbs = build_tbs(self, request_of(profile, name, key.public_key().spki()));
  const auto der = sign(key, tbs.value().der);
  return {std::move(key), ca_certificate(der, profile, std::string{kCrlUrl}).value()};
}

inline Ca make_ca(const Ca& parent, ProfileId profile, const Name& name) {
  auto key = new_key();
  const auto tbs = build_tbs(parent.issuer(), request_of(profile, name, key.public_key().spki()));
  const auto der = sign(parent.key, tbs.value().der);
  return {std::move(key), ca_certificate(der, profile, std::string{kCrlUrl}).value()};
}

inline std::string device_serial() {
  return to_hex(crypto::sha256(as_bytes("device 1")).get());
}

inline Request device_request(ProfileId profile, BytesView spki,
                              std::vector<std::string> units = {"plant-1", "B-2026-11"}) {
  auto request = request_of(profile,
                            {.organization = "heatpump",
                             .organizational_units = std::move(units),
                             .common_name = {},
                             .serial_number = device_serial()},
                            spki);
  DeviceFields fields;
  fields.hardware_type = {oids::tpm_hardware_type.begin(), oids::tpm_hardware_type.end()};
  fields.hardware_serial = "53494D31:AABB:0102";
  fields.policies = {{arc::key_in_hardware.begin(), arc::key_in_hardware.end()},
                     {arc::simulated_root.begin(), arc::simulated_root.end()}};
  if (profile == ProfileId::ldevid) {
    fields.appraised_at = made_at();
  }
  request.subject.device = std::move(fields);
  return request;
}

/// The to-be-signed bytes with a receipt of the registry's key.
inline Bytes with_receipt(BytesView tbs, const crypto::PrivateKey& registry, Instant when = made_at()) {
  Octets<4> id{};
  std::copy_n(registry.public_key().spki_sha256().get().begin(), id.size(), id.begin());
  const auto signature = registry.sign(receipt_message(tbs, id, when)).value();
  return append_receipt(tbs, {id, when, signature}).value();
}

/// Everything that one factory has, from the three roots down.
struct World {
  Ca manufacturing_root =
      make_root(ProfileId::manufacturing_root, name_of("Example Devices", {}, "manufacturing root"));
  Ca product = make_ca(manufacturing_root, ProfileId::product_line_ca, name_of("heatpump", {}, "product line"));
  Ca factory = make_ca(product, ProfileId::factory_ca, name_of("heatpump", {"plant-1"}, "factory"));
  Ca batch = make_ca(factory, ProfileId::batch_ca, name_of("heatpump", {"plant-1", "B-2026-11"}, "batch"));
  Ca operational_root = make_root(ProfileId::operational_root, name_of("Example Devices", {}, "operational root"));
  Ca operational = make_ca(operational_root, ProfileId::operational_ca,
                           name_of("heatpump", {"plant-1", "B-2026-11"}, "operational g1"));
  Ca service_root = make_root(ProfileId::service_root, name_of("Example Devices", {}, "service root"));
  Ca service = make_ca(service_root, ProfileId::service_ca, name_of("Example Devices", {}, "service CA"));
  Ca matter_paa = make_root(ProfileId::matter_paa, matter_name("PAA", {0xFFF1, {}}));
  Ca matter_pai = make_ca(matter_paa, ProfileId::matter_pai, matter_name("PAI", {0xFFF1, 0x8000}));
  crypto::PrivateKey registry = new_key();
  crypto::PrivateKey device = new_key();

  [[nodiscard]] const Ca& issuer_of(ProfileId profile) const {
    switch (profile) {
      case ProfileId::manufacturing_root:
      case ProfileId::product_line_ca:
        return manufacturing_root;
      case ProfileId::factory_ca:
        return product;
      case ProfileId::batch_ca:
        return factory;
      case ProfileId::operational_root:
      case ProfileId::operational_ca:
        return operational_root;
      case ProfileId::service_root:
      case ProfileId::service_ca:
        return service_root;
      case ProfileId::idevid:
        return batch;
      case ProfileId::ldevid:
        return operational;
      case ProfileId::server:
      case ProfileId::station:
      case ProfileId::operator_person:
      case ProfileId::gate:
        break;
      case ProfileId::matter_paa:
      case ProfileId::matter_pai:
        return matter_paa;
      case ProfileId::matter_dac:
        return matter_pai;
    }
    return service;
  }

  [[nodiscard]] Request request(ProfileId profile) const {
    const auto& row = pki::profile(profile);
    if (row.device) {
      return device_request(profile, device.public_key().spki());
    }
    const bool below = row.name_constraint && row.hierarchy != Hierarchy::service;
    auto made = request_of(profile, name_of(below ? "heatpump" : "Example Devices", {}, std::string{row.name}),
                           device.public_key().spki());
    if (profile == ProfileId::factory_ca) {
      made.subject.name.organizational_units = {"plant-1"};
    }
    if (profile == ProfileId::batch_ca || profile == ProfileId::operational_ca) {
      made.subject.name.organizational_units = {"plant-1", "B-2026-11"};
    }
    if (row.hierarchy == Hierarchy::matter) {
      made.subject.name.matter.vendor = matter::Id{0xFFF1};
      if (profile != ProfileId::matter_paa) {
        made.subject.name.matter.product = matter::Id{0x8000};
      }
    }
    if (profile == ProfileId::server) {
      made.subject.dns_names = {"issuer.example", "localhost"};
      made.subject.ip_addresses = {{127, 0, 0, 1}};
    }
    return made;
  }

  [[nodiscard]] Bytes tbs(ProfileId profile) const {
    auto built = build_tbs(issuer_of(profile).issuer(), request(profile)).value().der;
    return pki::profile(profile).receipt ? with_receipt(built, registry) : built;
  }
  [[nodiscard]] Bytes certificate(ProfileId profile) const { return sign(issuer_of(profile).key, tbs(profile)); }
};

/// Made once for all tests of a binary; nothing in it changes.
inline const World& world() {
  static const World made;
  return made;
}

/// An extension that owns its bytes.
struct OwnExtension {
  Bytes type;
  bool critical = false;
  Bytes value;
};

/// A certificate's to-be-signed fields, to be changed one at a time and put together again.
struct Parts {
  Bytes serial, issuer, subject, spki;
  Instant not_before, not_after;
  std::vector<OwnExtension> extensions;

  explicit Parts(BytesView certificate_der) : Parts{x509::Certificate::read(certificate_der).value()} {}
  explicit Parts(const x509::Certificate& from)
      : serial{to_bytes(from.serial())},
        issuer{to_bytes(from.issuer())},
        subject{to_bytes(from.subject())},
        spki{to_bytes(from.spki())},
        not_before{from.not_before()},
        not_after{from.not_after()} {
    for (const auto& extension : from.extensions()) {
      extensions.push_back({to_bytes(extension.type), extension.critical, to_bytes(extension.value)});
    }
  }

  OwnExtension& operator[](BytesView type) {
    for (auto& extension : extensions) {
      if (equal(extension.type, type)) {
        return extension;
      }
    }
    ADD_FAILURE() << "no such extension " << oid_text(type);
    return extensions.front();
  }
  void drop(BytesView type) {
    std::erase_if(extensions, [&](const OwnExtension& extension) { return equal(extension.type, type); });
  }
  /// Before the last one, where the receipt stands.
  void add(BytesView type, bool critical, BytesView value) {
    extensions.insert(extensions.empty() ? extensions.end() : extensions.end() - 1,
                      {to_bytes(type), critical, to_bytes(value)});
  }

  [[nodiscard]] Bytes tbs() const {
    std::vector<x509::Extension> views;
    for (const auto& extension : extensions) {
      views.push_back({extension.type, extension.critical, extension.value});
    }
    der::Writer out;
    out.open(der::tag::sequence).open(der::tag::context_constructed(0)).unsigned_int(2).close();
    out.positive_integer(serial).open(der::tag::sequence).oid(oids::ecdsa_with_sha256).close().raw(issuer);
    out.open(der::tag::sequence).time(not_before).time(not_after).close().raw(subject).raw(spki);
    if (!views.empty()) {
      out.open(der::tag::context_constructed(3)).raw(x509::write_extensions(views)).close();
    }
    out.close();
    return std::move(out).finish();
  }
};

inline Bytes oids_value(std::initializer_list<BytesView> types) {
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto type : types) {
    out.oid(type);
  }
  out.close();
  return std::move(out).finish();
}
inline Bytes bits_value(std::uint32_t bits) {
  der::Writer out;
  out.named_bits(bits);
  return std::move(out).finish();
}

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream{path, std::ios::binary} << text;
}
inline void write_pem(const std::filesystem::path& path, std::initializer_list<BytesView> certificates) {
  std::string text;
  for (const auto der : certificates) {
    text += pem::write("CERTIFICATE", der);
  }
  write_text(path, text);
}
inline Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

}  // namespace birthmark::pki::testing
