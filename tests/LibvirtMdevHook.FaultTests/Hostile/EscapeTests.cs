using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Hostile;

/// <summary>Links and names planted in sysfs and in the declaration: nothing outside is quoted in a message or written to.</summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class EscapeTests
{
    private const string Secret = "a secret of root";
    private const string Types = $"{PlainHost.Gpu}/mdev_supported_types";
    private const string Params = "<mdev:attr name='nvidia/vgpu_params' value='owned'/>";

    private const string Other = "99999999-0000-4000-8000-000000000001";

    private static IEnumerable<Plant> Plants()
    {
        yield return new("an attribute that is a link", PlainHost.Xml(attrs: Params), (host, outside) =>
        {
            Directory.CreateDirectory(host.In($"{PlainHost.Gpu}/{PlainHost.Device}/nvidia"));
            File.CreateSymbolicLink(host.In($"{PlainHost.Gpu}/{PlainHost.Device}/nvidia/vgpu_params"), $"{outside}/secret");
        });
        yield return new("an attribute's folder that is a link",
            PlainHost.Xml(attrs: Params.Replace("vgpu_params", "secret", StringComparison.Ordinal)), (host, outside) =>
            File.CreateSymbolicLink(host.In($"{PlainHost.Gpu}/{PlainHost.Device}/nvidia"), outside));
        yield return new("a type's name that is a link", PlainHost.Xml(Other), (host, outside) =>
            Link(host, $"{Types}/nvidia-18/name", $"{outside}/secret"));
        yield return new("a type's folder that is a link",
            PlainHost.Xml(Other, parent: "type='nvidia-99'").Replace("type='GRID M60-4Q' ", "", StringComparison.Ordinal),
            (host, outside) => File.CreateSymbolicLink(host.In($"{Types}/nvidia-99"), outside));
        yield return new("a type's folder that is a link, in a listing of near misses",
            PlainHost.Xml(Other).Replace("GRID M60-4Q", "GRID M60-4X", StringComparison.Ordinal),
            (host, outside) => File.CreateSymbolicLink(host.In($"{Types}/nvidia-99"), outside));
        yield return new("types of odd names", PlainHost.Xml(Other).Replace("GRID M60-4Q", "GRID M60-4X", StringComparison.Ordinal),
            (host, _) =>
        {
            foreach (var name in new[] { "...", "a b", "a\nb", "\u001b[31m", new string('x', 255), "-rf", "%s" })
                Directory.CreateDirectory(host.In($"{Types}/{name}"));
        });
        yield return new("create that is a link", PlainHost.Xml(Other),
            (host, outside) => Link(host, $"{Types}/nvidia-18/create", $"{outside}/secret"));
        yield return new("available_instances that is a link", PlainHost.Xml(Other), (host, outside) =>
            Link(host, $"{Types}/nvidia-18/available_instances", $"{outside}/secret"));
        yield return new("vendor that is a link", PlainHost.Xml(Other),
            (host, outside) => Link(host, $"{PlainHost.Gpu}/vendor", $"{outside}/secret"));
        yield return new("mdev_type that leads out", PlainHost.Xml(), (host, outside) =>
            Link(host, $"{PlainHost.Gpu}/{PlainHost.Device}/mdev_type", $"{outside}/.."));
        yield return new("iommu_group that leads to the node of all groups", PlainHost.Xml(), (host, outside) =>
        {
            File.CreateSymbolicLink(host.In("dev/vfio/vfio"), $"{outside}/secret");
            Link(host, $"{PlainHost.Gpu}/{PlainHost.Device}/iommu_group", $"{outside}/vfio");
        });
        yield return new("a device's folder that is elsewhere", PlainHost.Xml(attrs: Params), (host, outside) =>
            Link(host, $"sys/bus/mdev/devices/{PlainHost.Device}", $"{outside}/0000:86:00.0/{PlainHost.Device}"));
        yield return new("a device's folder that is elsewhere, by dots", PlainHost.Xml(attrs: Params), (host, outside) =>
            Link(host, $"sys/bus/mdev/devices/{PlainHost.Device}", $"../../../devices/../..{outside}/0000:86:00.0/{PlainHost.Device}"));
        foreach (var text in new[] { "../../../etc/passwd", "..", ".", "/", "a/../../b", "0000:86:00.0/../../secret", "nvidia-18/../../x",
            "%2e%2e", "\u2215etc" })
        {
            yield return new($"type {text}", PlainHost.Xml(Other).Replace("GRID M60-4Q", text, StringComparison.Ordinal), (_, _) => { });
            yield return new($"parent {text}", PlainHost.Xml(Other, parent: $"parent='{text}'"), (_, _) => { });
            yield return new($"uuid {text}", PlainHost.Xml(text), (_, _) => { });
            yield return new($"attribute {text}", PlainHost.Xml(attrs: $"<mdev:attr name='{text}' value='owned'/>"), (_, _) => { });
            yield return new($"attribute nvidia/{text}", PlainHost.Xml(attrs: $"<mdev:attr name='nvidia/{text}' value='owned'/>"),
                (_, _) => { });
            yield return new($"domain {text}", PlainHost.Xml(Other).Replace(PlainHost.Domain, text, StringComparison.Ordinal),
                (_, _) => { });
        }
    }

    [TestCaseSource(nameof(Plants))]
    public void Nothing_outside_is_read_or_written(Plant plant)
    {
        using var outside = new TemporaryFolder();
        using var host = new PlainHost();
        Directory.CreateDirectory($"{outside.Path}/0000:86:00.0/{PlainHost.Device}");
        string[] files = ["secret", "vfio", "name", "create", "device_api", $"0000:86:00.0/{PlainHost.Device}/nvidia",
            $"0000:86:00.0/{PlainHost.Device}/online"];
        foreach (var file in files)
            File.WriteAllText($"{outside.Path}/{file}", Secret);
        plant.Put(host, outside.Path);
        var before = Directory.EnumerateFileSystemEntries(outside.Path, "*", SearchOption.AllDirectories).Order().ToArray();
        File.WriteAllText(host.In("etc/libvirt/mdev-hook.conf"), "prepare_deadline = 3\n");
        File.WriteAllText(host.In("domain.xml"), plant.Xml);
        var said = string.Concat(new[] { "prepare", "start", "release", "migrate" }.Select(operation => host.Call(operation, plant.Xml))
            .Select(run => run.Errors + run.Output));
        var listed = new[] { host.VirtMdev("types"), host.VirtMdev("list"), host.VirtMdev("plan", host.In("domain.xml")) };
        host.WaitForWorkers();
        Assert.Multiple(() =>
        {
            Assert.That(said + host.Log + string.Concat(listed.Select(outcome => outcome.Output + outcome.Errors)),
                Does.Not.Contain(Secret));
            Assert.That(files.Select(file => File.ReadAllText($"{outside.Path}/{file}")), Is.All.EqualTo(Secret));
            Assert.That(Directory.EnumerateFileSystemEntries(outside.Path, "*", SearchOption.AllDirectories).Order(), Is.EqualTo(before));
            Assert.That(File.Exists(host.In("passwd")) || File.Exists(host.In("sys/passwd")), Is.False);
        });
    }

    private static void Link(PlainHost host, string path, string target)
    {
        File.Delete(host.In(path));
        File.CreateSymbolicLink(host.In(path), target);
    }

    /// <summary>What is planted, and the domain that meets it.</summary>
    internal sealed record Plant(string Name, string Xml, Action<PlainHost, string> Put)
    {
        public override string ToString() => Name;
    }
}
