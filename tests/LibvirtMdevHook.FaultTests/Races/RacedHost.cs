using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>A host that domains race for.</summary>
/// <param name="File">The simulator's host file.</param>
/// <param name="Domains">How many domains.</param>
/// <param name="Types">Names of types, by weight; a VF's type is for all VFs.</param>
/// <param name="Vfs">Addresses of the VFs, which all domains share.</param>
/// <param name="Change">To the host file.</param>
internal sealed record RacedHost(string File, int Domains, string[] Types, string[] Vfs, Func<string, string> Change)
{
    private const string VfType = "NVIDIA L40S-1Q";

    public static readonly RacedHost[] All =
    [
        new("m60-rfc2016.xml", 24, ["GRID M60-0Q", "GRID M60-0Q", "GRID M60-0Q", "GRID M60-0B", "GRID M60-1Q", "GRID M60-4Q"], [],
            text => text),
        new("m60-mdev.xml", 24, ["GRID M60-0Q", "GRID M60-0Q", "GRID M60-0Q", "GRID M60-0B", "GRID M60-1Q", "GRID M60-4Q"], [],
            text => text),
        new("l40s-vf.xml", 24, [VfType, VfType, VfType, VfType, "NVIDIA L40S-4Q"], [.. VfsOf("0000:41:00"), .. VfsOf("0000:61:00")],
            Leaving),
        new("three-dialects.xml", 18, ["GRID M60-2Q", "GRID M60-2Q", "GRID M60-8Q", "NVIDIA L40S-4Q"], ["0000:41:00.4", "0000:41:00.5"],
            Leaving),
        new("mig-and-mixed.xml", 24,
            ["NVIDIA A40-4Q", "NVIDIA A40-4Q", "NVIDIA A40-6Q", "NVIDIA A40-24Q", "GRID A100D-1-10C", "GRID A100D-2-20C"], [],
            text => text),
    ];

    /// <summary>One or two devices, and never two VFs with one address.</summary>
    public DeclaringDomain Domain(Random chance, int number)
    {
        var first = Vgpu(chance);
        var second = Vgpu(chance);
        var isOne = chance.Next(2) == 0 || (first.Address is not null && first.Address == second.Address);
        return new DeclaringDomain($"domain{number}", isOne ? [first] : [first, second]) { Uuid = Uuid(chance) };
    }

    public override string ToString() => File;

    private Vgpu Vgpu(Random chance)
    {
        var type = Types[chance.Next(Types.Length)];
        return type.Contains("L40S", StringComparison.Ordinal)
            ? SystemTests.Binaries.Vgpu.Vf(Vfs[chance.Next(Vfs.Length)], type)
            : new Vgpu($"type='{type}'") { Uuid = Uuid(chance) };
    }

    private static Guid Uuid(Random chance)
    {
        var bytes = new byte[16];
        chance.NextBytes(bytes);
        return new Guid(bytes);
    }

    private static IEnumerable<string> VfsOf(string gpu) =>
        ((string[])[$"{gpu}.4", $"{gpu}.5", $"{gpu}.6", $"{gpu}.7", $"{gpu[..^2]}01.0", $"{gpu[..^2]}01.1"]);

    /// <summary>All VFs are enabled, and the driver cannot clear a VF right after its QEMU has ended.</summary>
    private static string Leaving(string text) => text
        .Replace("enabled=\"no\"", "", StringComparison.Ordinal)
        .Replace("<rules one-size=\"yes\" full=\"EIO\"/>", "<rules one-size=\"yes\" full=\"EIO\" leaving=\"300ms\"/>",
            StringComparison.Ordinal);
}
