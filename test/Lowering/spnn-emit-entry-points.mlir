// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-emit-entry-points)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: an entry point, the description of the model, and the function itself internal.
// CHECK: llvm.mlir.global external constant @spnn_model_description("spnn-model 1\0Aproducer \22{{.*}}\22\0Atarget x86-64-v4\0Afunction f\0Ainput in0 f32 2 ? 4\0Aoutput out0 f32 2 i0.0 4\0Aend\0A\00")
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  // CHECK: llvm.func @spnn_rt_leave(!llvm.ptr) -> i32
  // CHECK: llvm.func @spnn_rt_enter(!llvm.ptr)
  // CHECK: func.func @f({{.*}}) attributes {llvm.linkage = #llvm.linkage<internal>
  func.func @f(%x: memref<?x4xf32>, %out: memref<?x4xf32>)
      attributes {spnn.inputs = 1 : i64, spnn.result_extents = [[array<i64: 0, 0>, array<i64: -1, 4>]]} {
    return
  }
  // CHECK: func.func @spnn_entry_f(%[[C:.*]]: !llvm.ptr, %[[DATA:.*]]: !llvm.ptr, %[[DIMS:.*]]: !llvm.ptr) -> i32
  // CHECK: llvm.call @spnn_rt_enter(%[[C]])
  // CHECK: llvm.getelementptr %[[DIMS]][0]
  // CHECK: llvm.getelementptr %[[DATA]][0]
  // CHECK: llvm.getelementptr %[[DATA]][1]
  // CHECK: call @f(
  // CHECK: %[[STATUS:.*]] = llvm.call @spnn_rt_leave(%[[C]])
  // CHECK: return %[[STATUS]] : i32
}

// -----

// Names come from spnn.name and spnn.dims; every element type of the interface; rank 0; index arrives as i64.
// CHECK: function g\0Ainput image f32 2 ?batch 3\0Ainput in1 f64 0\0Ainput in2 f16 1 2\0Ainput in3 bf16 1 2\0Ainput in4 i1 1 2\0Ainput in5 i8 1 2\0Ainput in6 i16 1 2\0Ainput in7 i32 1 2\0Ainput in8 i64 1 2\0Ainput in9 i64 1 ?\0Aoutput logits f32 1 i9.0\0Aend
func.func @g(%a: memref<?x3xf32> {spnn.name = "image", spnn.dims = ["batch", ""]}, %b: memref<f64>, %c: memref<2xf16>,
             %d: memref<2xbf16>, %e: memref<2xi1>, %f: memref<2xi8>, %h: memref<2xi16>, %i: memref<2xi32>,
             %j: memref<2xi64>, %k: memref<?xindex>, %out: memref<?xf32> {spnn.name = "logits"})
    attributes {spnn.inputs = 10 : i64, spnn.result_extents = [[array<i64: 9, 0>]]} {
  return
}

// -----

// A constant may be added to an extent.
// CHECK: function less\0Ainput in0 i32 1 ?\0Aoutput out0 f32 1 i0.0-1\0Aend
// CHECK: func.func @spnn_entry_less
// CHECK: %[[N:.*]] = llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK: %[[LESS:.*]] = llvm.mlir.constant(-1 : i64)
// CHECK: llvm.add %[[N]], %[[LESS]] : i64
func.func @less(%pos: memref<?xi32>, %out: memref<?xf32>)
    attributes {spnn.inputs = 1 : i64, spnn.result_extents = [[array<i64: 0, 0, -1>]]} {
  return
}

// -----

// expected-error @below {{'func.func' op was not prepared by spnn-prepare-results: 'spnn.result_extents' must trace each dynamic extent of result 0 to a dynamic extent of an input}}
func.func @huge(%pos: memref<?xi32>, %out: memref<?xf32>)
    attributes {spnn.inputs = 1 : i64, spnn.result_extents = [[array<i64: 0, 0, 5000000000>]]} {
  return
}

// -----

// Functions that were not prepared are none of a model.
// CHECK: function only
// CHECK-NOT: function helper
// CHECK-NOT: spnn_entry_helper
func.func private @helper(%x: memref<4xf32>) {
  return
}
func.func @only() attributes {spnn.inputs = 0 : i64, spnn.result_extents = []} {
  return
}

// -----

// expected-error @below {{there is no public function to compile}}
module {
  func.func private @helper(%x: memref<4xf32>) {
    return
  }
}

// -----

// expected-error @below {{'func.func' op was not prepared by spnn-prepare-results: arguments are dense memrefs, got 'tensor<4xf32>' (is it bufferized?)}}
func.func @tensors(%x: tensor<4xf32>) attributes {spnn.inputs = 1 : i64, spnn.result_extents = []} {
  return
}

// -----

// expected-error @below {{'func.func' op was not prepared by spnn-prepare-results: arguments are dense memrefs, got 'memref<4x4xf32, strided<[8, 1]>>' (is it bufferized?)}}
func.func @strided(%x: memref<4x4xf32, strided<[8, 1]>>) attributes {spnn.inputs = 1 : i64, spnn.result_extents = []} {
  return
}

// -----

// expected-error @below {{'func.func' op was not prepared by spnn-prepare-results: 'spnn.inputs' must count its inputs}}
func.func @inputs(%x: memref<4xf32>) attributes {spnn.inputs = 2 : i64, spnn.result_extents = []} {
  return
}

// -----

// expected-error @below {{'func.func' op was not prepared by spnn-prepare-results: it has results}}
func.func @results(%x: memref<4xf32>) -> memref<4xf32> attributes {spnn.inputs = 1 : i64, spnn.result_extents = []} {
  return %x : memref<4xf32>
}

// -----

// expected-error @below {{'func.func' op was not prepared by spnn-prepare-results: 'spnn.result_extents' must have an entry for each of its 1 results}}
func.func @extents(%x: memref<4xf32>, %y: memref<4xf32>) attributes {spnn.inputs = 1 : i64} {
  return
}

// -----

// expected-error @below {{'func.func' op was not prepared by spnn-prepare-results: 'spnn.result_extents' must trace each dynamic extent of result 0 to a dynamic extent of an input}}
func.func @extent_source(%x: memref<4xf32>, %y: memref<?xf32>)
    attributes {spnn.inputs = 1 : i64, spnn.result_extents = [[array<i64: 0, 0>]]} {
  return
}

// -----

// expected-error @below {{'func.func' op element type 'i7' cannot cross the C interface}}
func.func @element(%x: memref<4xi7>) attributes {spnn.inputs = 1 : i64, spnn.result_extents = []} {
  return
}
