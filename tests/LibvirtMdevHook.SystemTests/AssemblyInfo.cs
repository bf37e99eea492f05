using NUnit.Framework;

// Most of the time these tests wait for simulated drivers, so there may be more of them at once than processors.
[assembly: LevelOfParallelism(4)]
