using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>The order in which systemd starts what vGPUs need.</summary>
/// <param name="IsLibvirtAfterNvidia">A unit of libvirt's or of NVIDIA's says that libvirt starts after NVIDIA's daemon.</param>
internal sealed record BootOrder(bool IsLibvirtAfterNvidia)
{
    private static readonly string[] Folders =
        ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

    private static readonly string[] Libvirt = ["libvirtd.service", "virtqemud.service"];
    private static readonly string[] Nvidia = [$"{Processes.VgpuManager}.service"];

    public static BootOrder Read(Root root) =>
        new(AnyNames(root, Libvirt, "After=", Nvidia) || AnyNames(root, Nvidia, "Before=", Libvirt));

    /// <summary>Whether one of the units has a line with the key that names one of the others.</summary>
    private static bool AnyNames(Root root, string[] units, string key, string[] others)
    {
        foreach (var file in units.SelectMany(unit => Files(root, unit)))
        {
            var lines = HostFile.ReadLinked(file, out _)?.Split('\n') ?? [];
            foreach (var line in lines.Where(line => line.StartsWith(key, StringComparison.Ordinal)))
            {
                if (line[key.Length..].Split(' ').Intersect(others).Any())
                    return true;
            }
        }

        return false;
    }

    /// <summary>The unit's own file and its drop-ins, from each folder.</summary>
    private static IEnumerable<HostPath> Files(Root root, string unit)
    {
        foreach (var folder in Folders.Select(root.At))
        {
            yield return folder / unit;
            var dropIns = folder / $"{unit}.d";
            foreach (var name in HostFile.List(dropIns).Where(name => name.ToString().EndsWith(".conf", StringComparison.Ordinal)))
                yield return dropIns / name;
        }
    }
}
