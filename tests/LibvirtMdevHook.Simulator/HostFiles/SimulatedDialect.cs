namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>The sysfs interface of a parent.</summary>
internal enum SimulatedDialect
{
    Rfc2016,
    Mdev,

    /// <summary>NVIDIA's VFs: a number written to nvidia/current_vgpu_type of a VF, and no mediated devices.</summary>
    Vf,
}
