//===- SPNNInterfaces.td - Interfaces of the spnn dialect --*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines SparseFormatInterface, through which every pass sees a tensor encoding as a storage format.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPNNINTERFACES_TD
#define SPNN_IR_SPNNINTERFACES_TD

include "mlir/IR/OpBase.td"

def SparseFormatInterface : AttrInterface<"SparseFormatInterface"> {
  let cppNamespace = "::spnn";
  let description = [{
    A tensor encoding that stands for a storage format. The one method maps the encoding of a given type to the
    plain C++ object that packs, unpacks, verifies and counts bytes (`spnn/Format/SparseFormat.h`). Upstream's
    `#sparse_tensor.encoding` implements it by an external model, ours directly. Nothing outside a format's own
    files switches over formats.
  }];
  let methods = [
    InterfaceMethod<[{
        Returns the format that this encoding means for `type`, or null with the reason in `reason`
        (lower case, without a full stop) if the format cannot hold such a type.
      }],
      "::std::unique_ptr<::spnn::format::SparseFormat>", "getFormat",
      (ins "::mlir::RankedTensorType":$type, "::std::string &":$reason)>,
  ];
}

#endif // SPNN_IR_SPNNINTERFACES_TD
