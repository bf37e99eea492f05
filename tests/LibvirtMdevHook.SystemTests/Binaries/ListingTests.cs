using System.Text.Json;
using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>How listings look: on a terminal and in a pipe, and of a host on which some attributes cannot be read.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ListingTests
{
    private const string Vf = "0000:41:00.4";
    private const string Create = "sys/class/mdev_bus/0000:86:00.0/mdev_supported_types/nvidia-20/create";

    [TestCase("types")]
    [TestCase("list")]
    [TestCase("doctor")]
    public void A_listing_fits_the_terminal(string verb)
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(new DeclaringDomain("a-domain-with-a-name-of-some-length", Vgpu.Vf(Vf, "NVIDIA L40S-4Q")));

        var piped = host.VirtMdev(verb).Output;

        foreach (var columns in new[] { 60, 80, 100 })
        {
            var lines = OnTerminal(host, $"stty cols {columns}", verb);
            Assert.That(lines.Where(line => line.Length > columns), Is.Empty, $"{columns} columns");
            Assert.That(Words(lines), Is.EquivalentTo(Words(piped.Split('\n'))), $"{columns} columns");
        }

        Assert.That(OnTerminal(host, "stty cols 1000", verb), Is.EqualTo(piped.TrimEnd('\n').Split('\n')));
        Assert.That(OnTerminal(host, "stty cols 1000; export COLUMNS=60", verb).Where(line => line.Length > 60), Is.Empty);
        Assert.That(OnTerminal(host, "stty cols 60; export COLUMNS=wide", verb).Where(line => line.Length > 60), Is.Empty);
    }

    [TestCase("l40s-vf.xml", Vf, "NVIDIA L40S-4Q", "nvidia-1150")]
    [TestCase("m60-mdev.xml", "6a2f0d1c-0000-4000-8000-000000000009", "GRID M60-4Q", "nvidia-20")]
    public void A_foreign_device_is_listed_with_the_name_of_its_type(string file, string device, string name, string id)
    {
        using var host = new HookedHost(file);
        if (device == Vf)
            host.Host.Write($"sys/bus/pci/devices/{Vf}/nvidia/current_vgpu_type", "1150");
        else
            host.Host.Write(Create, device);

        Assert.That(host.VirtMdev("list").Output, Does.Match($"{device} .* {name} +foreign"));

        using var json = JsonDocument.Parse(host.VirtMdev("list", "--json").Output);
        var listed = json.RootElement[0];
        Assert.That((listed.GetProperty("type").GetString(), listed.GetProperty("type_id").GetString()), Is.EqualTo((id, id)));
        Assert.That(listed.GetProperty("type_name").GetString(), Is.EqualTo(name));
    }

    [Test]
    public void A_foreign_device_whose_name_cannot_be_read_is_listed_by_its_id()
    {
        const string Device = "6a2f0d1c-0000-4000-8000-000000000009";
        using var host = new HookedHost("m60-mdev.xml");
        host.Host.Write(Create, Device);
        host.Host.Control("fault errno=ENXIO op=read path=**/name");

        var list = host.VirtMdev("list");

        Assert.That((list.Status, list.Errors), Is.EqualTo((0, "")));
        Assert.That(list.Output, Does.Match($"{Device} .* nvidia-20 +foreign"));
    }

    [Test]
    public void A_hidden_type_has_its_reason_in_JSON()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.VirtMdev("types").Expected("types");
        host.Start(new DeclaringDomain("win10", Vgpu.Vf(Vf, "NVIDIA L40S-4Q")));

        using var json = JsonDocument.Parse(host.VirtMdev("types", "--json").Output);

        var free = json.RootElement[1];
        var hidden = free.GetProperty("hidden_types").EnumerateArray().Single(t => t.GetProperty("id").GetString() == "nvidia-1155");
        Assert.That(hidden.GetProperty("name").GetString(), Is.EqualTo("NVIDIA L40S-24Q"));
        Assert.That(hidden.GetProperty("why_not").GetString(), Does.Contain("now beside 1 x 'NVIDIA L40S-4Q'"));
        Assert.That(json.RootElement[0].GetProperty("hidden_types").GetArrayLength(), Is.Zero, "a VF that has a type hides none");
    }

    /// <summary>The driver shows them only once a guest uses the VF.</summary>
    [TestCase("types")]
    [TestCase("list")]
    public void An_attribute_that_cannot_be_read_yet_makes_no_noise(string verb)
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(new DeclaringDomain("win10", Vgpu.Vf(Vf, "NVIDIA L40S-4Q")));
        var before = host.VirtMdev(verb);
        host.Host.Control("fault errno=ENXIO op=read path=**/nvidia/gpu_instance_id");
        host.Host.Control("fault errno=ENXIO op=read path=**/nvidia/placement_id");
        host.Host.Control("fault errno=ENXIO op=read path=**/nvidia/vgpu_params");

        var run = host.VirtMdev(verb);

        Assert.That((run.Status, run.Output, run.Errors), Is.EqualTo((0, before.Output, "")));
    }

    [Test]
    public void A_VF_whose_list_cannot_be_read_has_a_line_of_its_own()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Host.Control("fault errno=ENXIO op=read path=**/0000:41:00.6/nvidia/creatable_vgpu_types");

        var types = host.VirtMdev("types");

        Assert.That((types.Status, types.Errors), Is.EqualTo((0, "")));
        Assert.That(types.Output, Does.Contain("\n  0000:41:00.4 to 0000:41:00.5  2 VFs  free\n")
            .And.Match(@"\n  0000:41:00\.6 .* its creatable_vgpu_types cannot be read: .*ENXIO.*\n")
            .And.Contain("\n  0000:41:00.7 to 0000:41:01.1  3 VFs  free\n"));
    }

    /// <summary>The lines on a terminal, after a command that sets its width.</summary>
    private static string[] OnTerminal(HookedHost host, string setUp, string verb)
    {
        var command = $"{setUp}; LIBVIRT_MDEV_ROOT={host.Host.Root} {SourceTree.VirtMdev} {verb}";
        var output = Command.Run("script", "-qc", command, "/dev/null").Output;
        // The runtime itself switches the keypad on and off.
        foreach (var keypad in new[] { "\u001b[?1h\u001b=", "\u001b[?1l\u001b>" })
            output = output.Replace(keypad, "", StringComparison.Ordinal);
        return output.TrimEnd().Split("\r\n");
    }

    private static string[] Words(IEnumerable<string> lines) =>
        [.. lines.SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
}
