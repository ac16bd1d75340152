// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-lower-kernels)' %s --split-input-file | FileCheck %s

// Softmax is three loops over the rows. The exponential, which costs most, is computed in the second and waits in the
// result for the third; four vectors of columns go side by side, and what all rows share is computed outside.
// CHECK-LABEL: func @softmax
// CHECK-SAME: %[[X:[^:]*]]: memref<640xf32>, %[[Y:[^:]*]]: memref<640xf32>
func.func @softmax(%x: memref<640xf32>, %y: memref<640xf32>) {
  %n = arith.constant 64 : index
  // CHECK-NOT: scf.index_switch
  // CHECK: scf.parallel
  // CHECK: %[[M:.*]]:4 = scf.for %{{.*}} iter_args(%{{.*}} = %[[LOW:.*]], %{{.*}} = %[[LOW]], %{{.*}} = %[[LOW]], %{{.*}} = %[[LOW]])
  // CHECK-COUNT-4: vector.load %[[X]]
  // CHECK-COUNT-4: arith.maximumf
  // CHECK: %[[S:.*]]:4 = scf.for
  // CHECK-COUNT-4: vector.load %[[X]]
  // CHECK-COUNT-4: math.exp
  // CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]
  // CHECK-COUNT-4: arith.addf %{{.*}} : vector<4xf32>
  // CHECK: scf.for
  // CHECK-NOT: math.exp
  // CHECK-COUNT-4: vector.load %[[Y]]
  // CHECK-NOT: math.exp
  // CHECK-COUNT-4: arith.divf %{{.*}}, %[[S]]#
  // CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]
  spnn.kernel_columns 10 x %n layout(<width = 16, vector = 4>) panels(%x : memref<640xf32>) outs(%y : memref<640xf32>)
      parallel {
  ^bb0(%a: f32):
    %m = spnn.reduce_rows <maximumf> %a : f32
    %d = arith.subf %a, %m : f32
    %p = math.exp %d : f32
    %s = spnn.reduce_rows <add> %p : f32
    %q = arith.divf %p, %s : f32
    spnn.yield_columns panels(%q : f32)
  }
  return
}

// -----

// Cheap arithmetic is computed again, and in place a result is stored when the last loop has read the operand.
// CHECK-LABEL: func @in_place
// CHECK-SAME: %[[X:[^:]*]]: memref<?xf32>
func.func @in_place(%x: memref<?xf32>, %n: index, %y: memref<?xf32>) {
  // CHECK-NOT: scf.parallel
  // One variant for each number of vectors that the last panel may have.
  // CHECK: scf.index_switch
  // CHECK: case 1
  // CHECK: scf.for
  // CHECK-NOT: vector.store
  // CHECK: arith.negf
  // CHECK-NOT: vector.store
  // CHECK: scf.for
  // CHECK: vector.load %[[X]]
  // CHECK: arith.negf
  // CHECK: arith.mulf
  // CHECK: vector.store %{{.*}}, %[[X]]
  // CHECK: default
  spnn.kernel_columns 10 x %n layout(<width = 8, vector = 4>) panels(%x : memref<?xf32>)
      outs(%x, %y : memref<?xf32>, memref<?xf32>) {
  ^bb0(%a: f32):
    %b = arith.negf %a : f32
    %s = spnn.reduce_rows <add> %b : f32
    %q = arith.mulf %b, %s : f32
    spnn.yield_columns panels(%b, %q : f32, f32)
  }
  return
}

// -----

// Vectors along columns are read and written under a mask, as they end with the last column; a panel of one vector a row is
// computed beside its three neighbours, which lie a panel further.
// CHECK-LABEL: func @column_vectors
// CHECK-SAME: %[[X:[^:]*]]: memref<160xf32>, %[[C:[^:]*]]: memref<16xf32>, %[[Y:[^:]*]]: memref<16xf32>
func.func @column_vectors(%x: memref<160xf32>, %c: memref<16xf32>, %y: memref<16xf32>) {
  %n = arith.constant 16 : index
  // CHECK-COUNT-4: vector.maskedload %[[C]]
  // CHECK: scf.for %[[ROW:.*]] =
  // CHECK-COUNT-4: vector.load %[[X]]
  // CHECK-COUNT-4: vector.maskedstore %[[Y]]
  spnn.kernel_columns 10 x %n layout(<width = 4, vector = 4>) panels(%x : memref<160xf32>)
      column_vectors(%c : memref<16xf32>) outs(%y : memref<16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = spnn.reduce_rows <add> %a : f32
    %t = arith.mulf %s, %b : f32
    spnn.yield_columns columns(%t : f32)
  }
  return
}

// -----

// Rows of gamma and beta are read once a row and serve all columns; another element type comes out.
// CHECK-LABEL: func @row_vectors
func.func @row_vectors(%x: memref<80xf32>, %g: memref<10xf32>, %y: memref<80xi8>) {
  %n = arith.constant 8 : index
  // CHECK: memref.load %{{.*}} : memref<10xf32>
  // CHECK-NOT: memref.load
  // CHECK-COUNT-2: arith.fptosi %{{.*}} : vector<4xf32> to vector<4xi8>
  // CHECK-COUNT-2: vector.store %{{.*}} : memref<80xi8>, vector<4xi8>
  spnn.kernel_columns 10 x %n layout(<width = 8, vector = 4>) panels(%x : memref<80xf32>)
      row_vectors(%g : memref<10xf32>) outs(%y : memref<80xi8>) {
  ^bb0(%a: f32, %b: f32):
    %t = arith.mulf %a, %b : f32
    %q = arith.fptosi %t : f32 to i8
    spnn.yield_columns panels(%q : i8)
  }
  return
}

// -----

// In place, a costly value that is a result too is stored as soon as no later loop reads the operand.
// CHECK-LABEL: func @kept_in_place
// CHECK-SAME: %[[X:[^:]*]]: memref<40xf32>, %[[Y:[^:]*]]: memref<40xf32>
func.func @kept_in_place(%x: memref<40xf32>, %y: memref<40xf32>) {
  %n = arith.constant 4 : index
  // CHECK: scf.for
  // CHECK: vector.load %[[X]]
  // CHECK: math.tanh
  // CHECK: vector.store %{{.*}}, %[[X]]
  // CHECK: scf.for
  // CHECK-NOT: math.tanh
  // CHECK: vector.load %[[X]]
  // CHECK-NOT: math.tanh
  // CHECK: vector.store %{{.*}}, %[[Y]]
  spnn.kernel_columns 10 x %n layout(<width = 4, vector = 4>) panels(%x : memref<40xf32>)
      outs(%x, %y : memref<40xf32>, memref<40xf32>) {
  ^bb0(%a: f32):
    %t = math.tanh %a : f32
    %s = spnn.reduce_rows <add> %t : f32
    %q = arith.mulf %t, %s : f32
    spnn.yield_columns panels(%t, %q : f32, f32)
  }
  return
}
