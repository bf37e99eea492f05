namespace LibvirtMdevHook.Domains;

/// <summary>Which of several suitable GPUs gets the device.</summary>
internal enum Placement
{
    /// <summary>The one with the fewest devices: <c>breadth-first</c>.</summary>
    BreadthFirst,

    /// <summary>The one with the most devices that still has room: <c>depth-first</c>.</summary>
    DepthFirst,
}

/// <summary>How the NUMA nodes of the domain affect the choice of a parent.</summary>
internal enum NumaRule
{
    Prefer,
    Require,
    Ignore,
}

/// <summary>Whether the devices of one domain share a physical GPU.</summary>
internal enum GpuRule
{
    Any,
    Same,
    Different,
}
