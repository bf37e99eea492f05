using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>Ids of types in the spellings that drivers and tools print, and names with and without the driver's.</summary>
internal sealed class TypeIdTests
{
    [TestCase("mdev", "nvidia-558", "nvidia-558"), TestCase("mdev", "0x22e", "nvidia-558"), TestCase("mdev", "0X22E", "nvidia-558")]
    [TestCase("vf", "558", "nvidia-558"), TestCase("vf", "0x22e", "nvidia-558"), TestCase("vf", "nvidia-558", "nvidia-558")]
    [TestCase("rfc2016", "17", "17"), TestCase("rfc2016", "0x11", "17")]
    public void An_id_is_found_in_every_spelling(string dialect, string declared, string id) =>
        Assert.That(Match(dialect, declared, Type(id, "NVIDIA A40-2Q")), Is.EqualTo(id));

    [TestCase("mdev", "558", "nvidia-558"), TestCase("mdev", "22e", "nvidia-558"), TestCase("mdev", "0x22e", "mtty-558")]
    [TestCase("rfc2016", "nvidia-17", "17"), TestCase("vf", "0x558", "nvidia-558")]
    public void Another_text_is_no_id(string dialect, string declared, string id) =>
        Assert.That(Match(dialect, declared, Type(id, "NVIDIA A40-2Q")), Is.Null);

    /// <summary>Linux 6.1 shows a name where earlier kernels show none.</summary>
    [TestCase("GVTg_V5_4", "i915-GVTg_V5_4", null), TestCase("GVTg_V5_4", "i915-GVTg_V5_4", "GVTg_V5_4")]
    [TestCase("gvtg v5-4", "i915-GVTg_V5_4", null), TestCase("i915-GVTg_V5_4", "i915-GVTg_V5_4", "GVTg_V5_4")]
    [TestCase("I915-GVTG_V5_4", "i915-GVTg_V5_4", null)]
    public void A_type_of_GVT_g_is_found_by_one_name_on_every_kernel(string declared, string id, string? name) =>
        Assert.That(Match("mdev", declared, Type(id, name)), Is.EqualTo(id));

    [Test]
    public void What_the_driver_counts_is_no_name() => Assert.That(Match("mdev", "1", Type("mtty-1", null)), Is.Null);

    [TestCase("GVTg_V5_8", "i915-GVTg_V5_4", null), TestCase("i915-GVTg_V5_8", "i915-GVTg_V5_4", "GVTg_V5_4")]
    [TestCase("mdpy-vg", "mdpy-vga", "A display of 640x480")]
    public void A_name_with_and_without_its_drivers_is_a_near_miss(string declared, string id, string? name) =>
        Assert.That(TypeMatch.Near(declared, [Type(id, name)]), Is.EqualTo(new[] { name ?? id }));

    [Test]
    public void An_id_is_near_to_no_other_id() =>
        Assert.That(TypeMatch.Near("nvidia-559", [Type("nvidia-558", "NVIDIA A40-2Q")]), Is.Empty);

    [TestCase("17", "number is not one type here: 'GRID M60-4Q' on '0000:86:00.0', 'NVIDIA L4-2B' on '0000:87:00.4'")]
    [TestCase("0x11", "number is not one type here")]
    public void A_number_that_is_two_types_is_refused(string declared, string reason)
    {
        var refusal = Planner.Make(WithType(declared, [Table("0000:86:00.0", "GRID M60-4Q"), Vf("0000:87:00.4", "NVIDIA L4-2B")])).Refusal;

        Assert.That(refusal, Does.Contain(reason).And.Contain("declare the name, or a parent"));
    }

    [Test]
    public void A_number_that_is_one_type_on_two_parents_is_taken()
    {
        var plan = Planner.Make(WithType("17", [Table("0000:86:00.0", "GRID M60-4Q"), Table("0000:87:00.0", "M60-4Q")]));

        Assert.That(plan.Record, Is.Not.Null, plan.Refusal);
    }

    /// <summary>A VF does not list the type that it has, and beside a full GPU no sibling does.</summary>
    [Test]
    public void A_number_whose_name_one_VF_does_not_tell_is_taken()
    {
        var plan = Planner.Make(WithType("17", [Vf("0000:87:00.4", null), Vf("0000:88:00.4", "NVIDIA L4-2B")]));

        Assert.That(plan.Record, Is.Not.Null, plan.Refusal);
    }

    private static string? Match(string dialect, string declared, MdevType type) =>
        TypeMatch.Of(declared, Dialect.Find(dialect)!, [type]).Types.SingleOrDefault()?.Id.ToString();

    private static MdevType Type(string id, string? name) => new(SysfsName.Parse(id), name, MaxInstances: 2, AvailableInstances: 1);

    private static PlanInput WithType(string declared, IEnumerable<Parent> parents)
    {
        var input = HostInMemory.Input(parents, GpuRule.Any, "2Q");
        var declaration = input.Declaration with { Hostdevs = [input.Declaration.Hostdevs[0] with { Type = declared }] };
        return input with { Declaration = declaration };
    }

    private static Parent Table(string name, string title) => Parent(name, Dialect.Rfc2016, Type("17", title));

    private static Parent Vf(string name, string? title) => Parent(name, Dialect.Vf, Type("nvidia-17", title));

    private static Parent Parent(string name, Dialect dialect, MdevType type) => new(SysfsName.Parse(name), SysfsName.Parse(name + "0"),
        new HostPath($"/{name}"), dialect, RunsOneSize: false, null, HasTypes: true, [type], ImmutableArray<MdevType>.Empty, null);
}
