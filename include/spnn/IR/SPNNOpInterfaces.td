//===- SPNNOpInterfaces.td - Op interfaces of spnn ---------*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines DifferentiableOpInterface, through which spnn-differentiate asks an op for its vector-Jacobian product.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPNNOPINTERFACES_TD
#define SPNN_IR_SPNNOPINTERFACES_TD

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::spnn";
  let description = [{
    An op on tensors that knows its vector-Jacobian product, and builds it from graph-level ops. The ops of `spnn` and the
    upstream ops they stand among implement it by external models, one file a dialect
    (`lib/Transforms/Gradients/`), so a dialect loaded from elsewhere can do the same.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds, at the builder's insertion point, the gradient of each operand with `needed` set, given those of the results:
        `results[i]` has the type of result i, or is null where that gradient is zero. Puts into `operands`, one for each
        operand, a value of the operand's type, or null where the gradient is zero or not needed. What it reads of the
        forward pass, operands and results of this op, it may use as they are: the pass wraps them in spnn.save. Emits
        an error at the op, with the reason, and fails where the op cannot be differentiated.
      }],
      "::llvm::LogicalResult", "buildGradients",
      (ins "::mlir::OpBuilder &":$builder, "::llvm::ArrayRef<::mlir::Value>":$results, "::llvm::ArrayRef<bool>":$needed,
           "::llvm::SmallVectorImpl<::mlir::Value> &":$operands)>,
  ];
}

#endif // SPNN_IR_SPNNOPINTERFACES_TD
