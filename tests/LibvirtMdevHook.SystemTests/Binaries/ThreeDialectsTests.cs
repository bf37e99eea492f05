using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>One domain with a device of each dialect.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ThreeDialectsTests
{
    private const string Vf = "0000:41:00.4";
    private const string Params = "<mdev:attr name='nvidia/vgpu_params' value='x=1'/>";

    private static readonly DeclaringDomain Domain = new(
        "three",
        new Vgpu("type='GRID M60-4Q'"),
        new Vgpu("type='GRID M60-8Q'") { Attrs = Params },
        Vgpu.Vf(Vf, "NVIDIA L40S-4Q") with { Attrs = Params })
    { Rules = "gpu='different'" };

    [Test]
    public void All_are_created_before_any_attribute_and_all_attributes_set_before_any_goes_online()
    {
        using var host = new HookedHost("three-dialects.xml", "removal_grace = 0");
        var (first, second) = (Domain.Vgpus[0].Uuid, Domain.Vgpus[1].Uuid);
        var arguments = $"vgpu_type_id=17,vm_uuid={Domain.Uuid}";

        host.Start(Domain);
        Assert.That(host.Writes, Is.EqualTo(new[]
        {
            $"0000:21:00.0/mdev_create \"{first}:{arguments}\" ok",
            $"0000:86:00.0/mdev_supported_types/nvidia-22/create \"{second}\" ok",
            $"{Vf}/nvidia/current_vgpu_type \"1150\" ok",
            $"0000:86:00.0/{second}/nvidia/vgpu_params \"x=1\\n\" ok",
            $"{Vf}/nvidia/vgpu_params \"x=1\\n\" ok",
            $"0000:21:00.0/{first}/online \"1\" ok",
        }));

        host.Stop(Domain);
        host.WaitForWorkers();
        Assert.That(host.Writes.Skip(6), Is.EqualTo(new[]
        {
            $"0000:21:00.0/{first}/online \"0\" ok",
            $"{Vf}/nvidia/current_vgpu_type \"0\" ok",
            $"0000:86:00.0/{second}/remove \"1\" ok",
            $"0000:21:00.0/mdev_destroy \"{first}:{arguments}\" ok",
        }));
    }

    [TestCase("**/mdev_create",
        "of type 'GRID M60-4Q' cannot be had: no parent fits: '0000:21:00.0': the driver does not take the type or the args")]
    [TestCase("**/nvidia-22/create", "'0000:86:00.0': the driver does not take the type 'nvidia-22' now (EINVAL)")]
    [TestCase("**/current_vgpu_type", "'" + Vf + "'")]
    [TestCase("**/vgpu_params", "'nvidia/vgpu_params' cannot be set")]
    [TestCase("**/online", "cannot be brought online")]
    public void What_fails_in_one_is_undone_in_all(string path, string words)
    {
        using var host = new HookedHost("three-dialects.xml", "removal_grace = 0");
        host.Host.Control($"fault errno=EINVAL op=write path={path}");

        host.Call("prepare", Domain).MustBeRefused("'three'", words);

        host.Host.Control("clear");
        host.Stop(Domain);
        host.MustBeAsBefore();
    }
}
