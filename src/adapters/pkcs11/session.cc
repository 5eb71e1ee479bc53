// SPDX-License-Identifier: Apache-2.0
#include "adapters/pkcs11/session.h"

#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <array>

#include "codec/der.h"
#include "codec/oid.h"
#include "crypto/ecdsa_signature.h"

namespace birthmark::pkcs11 {
namespace {

constexpr std::size_t kFoundMax = 8;
constexpr std::size_t kPointBytes = 65;
constexpr std::size_t kRawSignatureBytes = 64;

/// The standard's structures want pointers that may be written through, and say that they are not.
template <class T>
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, const T& value) {
  return {type, const_cast<T*>(&value), sizeof(value)};  // NOLINT
}
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, BytesView value) {
  return {type, const_cast<std::uint8_t*>(value.data()), value.size()};  // NOLINT
}
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, const std::string& value) {
  return attribute(type, as_bytes(value));
}

constexpr CK_BBOOL kYes = CK_TRUE;
constexpr CK_BBOOL kNo = CK_FALSE;

Result<void> done(const char* name, CK_RV result) {
  return result == CKR_OK ? Result<void>{} : Result<void>{fail(refused(name, result))};
}

/// DER of the curve's OID: CKA_EC_PARAMS (PKCS#11 mechanisms §2.3.3).
const Bytes& p256_parameters() {
  static const Bytes der = [] {
    der::Writer out;
    out.oid(oids::secp256r1);
    return std::move(out).finish();
  }();
  return der;
}

/// CKA_EC_POINT is a DER OCTET STRING around 04 || x || y (§2.3.3). @error key_attributes
Result<crypto::PublicKey> key_of_point(BytesView ec_point) {
  der::Reader in{ec_point};
  const auto point = in.expect(der::tag::octet_string);
  if (!point || !in.empty() || point->size() != kPointBytes || point->front() != 0x04) {
    return fail(Code::key_attributes, "CKA_EC_POINT is no uncompressed point of P-256");
  }
  auto key = crypto::PublicKey::from_point(crypto::KeyType::p256, point->subspan(1, 32), point->subspan(33));
  return key ? std::move(key) : Result<crypto::PublicKey>{fail(Code::key_attributes, key.error().detail)};
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(std::shared_ptr<const Module> module, const std::string& token,
                                               const Secret& pin) {
  BM_TRY(const auto info, module->token(token));
  CK_SESSION_HANDLE handle = 0;
  const auto& call = module->functions();
  BM_CHECK(done("C_OpenSession",
                call.C_OpenSession(info.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle)));
  std::unique_ptr<Session> session{new Session{std::move(module), handle}};
  const auto text = pin.reveal();
  const auto result =
      call.C_Login(handle, CKU_USER, const_cast<std::uint8_t*>(text.data()), text.size());  // NOLINT: only read
  if (result != CKR_OK && result != CKR_USER_ALREADY_LOGGED_IN) {
    return fail(refused("C_Login", result));
  }
  return session;
}

Session::~Session() {
  call().C_CloseSession(handle_);
}

Result<std::vector<unsigned long>> Session::find(unsigned long object_class, const std::string& label) {
  const CK_OBJECT_CLASS wanted = object_class;
  std::array pattern{attribute(CKA_CLASS, wanted), attribute(CKA_LABEL, label)};
  BM_CHECK(done("C_FindObjectsInit", call().C_FindObjectsInit(handle_, pattern.data(), pattern.size())));
  std::array<CK_OBJECT_HANDLE, kFoundMax> found{};
  CK_ULONG count = 0;
  const auto result = call().C_FindObjects(handle_, found.data(), found.size(), &count);
  call().C_FindObjectsFinal(handle_);
  BM_CHECK(done("C_FindObjects", result));
  return std::vector<unsigned long>{found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count)};
}

Result<unsigned long> Session::find_only(unsigned long object_class, const std::string& label) {
  BM_TRY(const auto found, find(object_class, label));
  if (found.size() != 1) {
    return found.empty() ? fail(Code::not_found, "the token has no \"" + label + "\"")
                         : fail(Code::conflict, "the token has several \"" + label + "\"");
  }
  return found.front();
}

Result<crypto::PublicKey> Session::generate(const std::string& label) {
  BM_TRY(const auto before, find(CKO_PRIVATE_KEY, label));
  if (!before.empty() || label.empty() || label.size() > kLabelMaxBytes) {
    return fail(Code::conflict, "the label \"" + label + "\" is taken, empty or too long");
  }
  const auto& parameters = p256_parameters();
  std::array open{attribute(CKA_TOKEN, kYes), attribute(CKA_LABEL, label), attribute(CKA_VERIFY, kYes),
                  attribute(CKA_EC_PARAMS, BytesView{parameters})};
  std::array closed{attribute(CKA_TOKEN, kYes), attribute(CKA_LABEL, label),    attribute(CKA_PRIVATE, kYes),
                    attribute(CKA_SIGN, kYes),  attribute(CKA_SENSITIVE, kYes), attribute(CKA_EXTRACTABLE, kNo),
                    attribute(CKA_DERIVE, kNo), attribute(CKA_DECRYPT, kNo)};
  CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE public_half = 0;
  CK_OBJECT_HANDLE private_half = 0;
  BM_CHECK(
      done("C_GenerateKeyPair", call().C_GenerateKeyPair(handle_, &mechanism, open.data(), open.size(), closed.data(),
                                                         closed.size(), &public_half, &private_half)));
  return public_key(label);
}

Result<crypto::PublicKey> Session::public_key(const std::string& label) {
  BM_TRY(const auto key, find_only(CKO_PUBLIC_KEY, label));
  std::array<std::uint8_t, 256> point{};
  CK_ATTRIBUTE wanted{CKA_EC_POINT, point.data(), point.size()};
  if (const auto result = call().C_GetAttributeValue(handle_, key, &wanted, 1); result != CKR_OK) {
    const bool other_kind = result == CKR_ATTRIBUTE_TYPE_INVALID || result == CKR_BUFFER_TOO_SMALL;
    return other_kind ? fail(Code::key_attributes, "\"" + label + "\" is no P-256 key")
                      : fail(refused("C_GetAttributeValue", result));
  }
  return key_of_point(BytesView{point}.first(std::min<std::size_t>(wanted.ulValueLen, point.size())));
}

Result<KeyAttributes> Session::attributes(const std::string& label) {
  BM_TRY(const auto key, find_only(CKO_PRIVATE_KEY, label));
  std::array<CK_BBOOL, 5> says{};
  constexpr std::array<CK_ATTRIBUTE_TYPE, 5> kTypes{CKA_LOCAL, CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE, CKA_EXTRACTABLE,
                                                    CKA_NEVER_EXTRACTABLE};
  std::array<CK_ATTRIBUTE, 5> wanted{};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    wanted.at(i) = {kTypes.at(i), &says.at(i), sizeof(CK_BBOOL)};
  }
  BM_CHECK(done("C_GetAttributeValue", call().C_GetAttributeValue(handle_, key, wanted.data(), wanted.size())));
  return KeyAttributes{.local = says[0] == CK_TRUE,
                       .sensitive = says[1] == CK_TRUE,
                       .always_sensitive = says[2] == CK_TRUE,
                       .extractable = says[3] != CK_FALSE,
                       .never_extractable = says[4] == CK_TRUE};
}

Result<Bytes> Session::sign_digest(const std::string& label, const Digest& digest) {
  BM_TRY(const auto key, find_only(CKO_PRIVATE_KEY, label));
  CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
  BM_CHECK(done("C_SignInit", call().C_SignInit(handle_, &mechanism, key)));
  auto message = digest.get();
  std::array<std::uint8_t, kRawSignatureBytes> raw{};
  CK_ULONG size = raw.size();
  BM_CHECK(done("C_Sign", call().C_Sign(handle_, message.data(), message.size(), raw.data(), &size)));
  auto der =
      crypto::ecdsa_raw_to_der(crypto::KeyType::p256, BytesView{raw}.first(std::min<std::size_t>(size, raw.size())));
  return der ? std::move(der) : Result<Bytes>{fail(Code::hsm_fault, "C_Sign: " + der.error().detail)};
}

Result<void> Session::destroy_all(unsigned long object_class, const std::string& label) {
  BM_TRY(const auto found, find(object_class, label));
  for (const auto object : found) {
    BM_CHECK(done("C_DestroyObject", call().C_DestroyObject(handle_, object)));
  }
  return {};
}

Result<void> Session::destroy(const std::string& label) {
  BM_CHECK(destroy_all(CKO_PRIVATE_KEY, label));
  return destroy_all(CKO_PUBLIC_KEY, label);
}

Result<void> Session::relabel(const std::string& from, const std::string& to) {
  BM_CHECK(find_only(CKO_PRIVATE_KEY, from));
  for (const auto half : {CKO_PUBLIC_KEY, CKO_PRIVATE_KEY}) {
    BM_TRY(const auto found, find(half, from));
    for (const auto object : found) {
      auto label = attribute(CKA_LABEL, to);
      BM_CHECK(done("C_SetAttributeValue", call().C_SetAttributeValue(handle_, object, &label, 1)));
    }
  }
  return {};
}

Result<void> Session::write_object(const std::string& label, BytesView value) {
  if (value.size() > kObjectMaxBytes) {
    return fail(Code::hsm_fault, "\"" + label + "\" has more than 16 KiB");
  }
  BM_CHECK(destroy_all(CKO_DATA, label));
  const CK_OBJECT_CLASS data = CKO_DATA;
  std::array parts{attribute(CKA_CLASS, data), attribute(CKA_TOKEN, kYes), attribute(CKA_PRIVATE, kNo),
                   attribute(CKA_LABEL, label), attribute(CKA_VALUE, value)};
  CK_OBJECT_HANDLE object = 0;
  return done("C_CreateObject", call().C_CreateObject(handle_, parts.data(), parts.size(), &object));
}

Result<Bytes> Session::read_object(const std::string& label) {
  BM_TRY(const auto object, find_only(CKO_DATA, label));
  Bytes out(kObjectMaxBytes);
  CK_ATTRIBUTE wanted{CKA_VALUE, out.data(), out.size()};
  BM_CHECK(done("C_GetAttributeValue", call().C_GetAttributeValue(handle_, object, &wanted, 1)));
  out.resize(std::min<std::size_t>(wanted.ulValueLen, out.size()));
  return out;
}

}  // namespace birthmark::pkcs11
