using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>In which order systemd starts what vGPUs need.</summary>
/// <param name="IsLibvirtAfterNvidia">Some unit says so, be it libvirt's or NVIDIA's.</param>
internal sealed record BootOrder(bool IsLibvirtAfterNvidia)
{
    private static readonly string[] Folders = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
    private static readonly string[] Libvirt = ["libvirtd.service", "virtqemud.service"];
    private static readonly string[] Nvidia = [$"{Processes.VgpuManager}.service"];

    public static BootOrder Read(Root root) => new(Says(root, Libvirt, "After=", Nvidia) || Says(root, Nvidia, "Before=", Libvirt));

    private static bool Says(Root root, string[] units, string key, string[] others) => units.SelectMany(unit => Files(root, unit))
        .SelectMany(file => HostFile.ReadLinked(file, out _)?.Split('\n') ?? [])
        .Any(line => line.StartsWith(key, StringComparison.Ordinal) && others.Any(other => line[key.Length..].Split(' ').Contains(other)));

    private static IEnumerable<HostPath> Files(Root root, string unit) => Folders.Select(root.At).SelectMany(folder =>
        HostFile.List(folder / $"{unit}.d").Where(name => name.ToString().EndsWith(".conf", StringComparison.Ordinal)).Select(name => folder / $"{unit}.d" / name)
            .Prepend(folder / unit));
}
