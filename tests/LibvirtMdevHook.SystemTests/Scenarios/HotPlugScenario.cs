using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>
/// What the scenarios of attach, detach and reconcile share. Of the simulated hosts, only the one with the mainline interface gives a
/// second device to a running domain; the 2016 proposal has all devices created before one is online.
/// </summary>
/// <param name="grace">removal_grace in seconds.</param>
/// <param name="change">What to change in the host file's text.</param>
internal abstract partial class HotPlugScenario(string hostFile, int grace = 0, Func<string, string>? change = null)
    : Scenario(hostFile, new LabOptions { Configuration = $"removal_grace = {grace}\n", HostFile = change ?? (text => text) })
{
    protected const string Type = "GRID M60-4Q";

    /// <summary>Without it QEMU hot-plugs no device.</summary>
    protected const string Acpi = "<features><acpi/></features>";

    protected Guid Device { get; } = Guid.NewGuid();

    protected Guid Other { get; } = Guid.NewGuid();

    /// <summary>A running domain that declares nothing.</summary>
    protected VgpuDomain StartPlain(string name)
    {
        var domain = new VgpuDomain(name);
        Lab.Define(domain.Guest() with { Metadata = "", More = Acpi });
        Start(domain.Uuid);
        return domain;
    }

    /// <summary>A running domain with the device <see cref="Other"/>, which it declares.</summary>
    protected VgpuDomain StartDeclaring(string name, string rule = "")
    {
        var domain = new VgpuDomain(name, Type) { Devices = [Other], Rule = rule, More = Acpi };
        Start(domain);
        return domain;
    }

    protected Outcome Attach(VgpuDomain domain, params string[] more) => Attach(domain, null, more);

    protected Outcome Attach(VgpuDomain domain, FaultyVirsh? virsh, params string[] more) =>
        Run(virsh, ["attach", domain.Name, "--type", Type, "--uuid", $"{Device}", .. more]);

    protected Outcome Detach(VgpuDomain domain, params string[] more) => Detach(domain, null, more);

    protected Outcome Detach(VgpuDomain domain, FaultyVirsh? virsh, params string[] more) =>
        Run(virsh, ["detach", domain.Name, $"{Device}", .. more]);

    /// <summary>Runs virt-mdev in the lab, with another virsh before libvirt's own if one is given.</summary>
    protected Outcome Run(FaultyVirsh? virsh, params string[] arguments) => Lab.Run(
        ["env", $"PATH={(virsh is null ? "" : virsh.Folder + ":")}/usr/sbin:/usr/bin:/sbin:/bin",
            Path.Combine(Lab.Folder, "usr/bin/virt-mdev"), .. arguments]);

    /// <summary>Fails unless the command was refused; returns its last line on stderr.</summary>
    protected static string Refused(Outcome outcome)
    {
        Assert.That(outcome.Status, Is.EqualTo(1), outcome.Output + outcome.Errors);
        return outcome.Errors.Trim().Split('\n')[^1];
    }

    /// <summary>A guest that is reset gives up the device that it was asked for, like a guest that answers the request.</summary>
    protected void LetGo(VgpuDomain domain) => Lab.Virsh("reset", domain.Name).Expected("virsh reset");

    protected string Xml(VgpuDomain domain, params string[] flags) =>
        Lab.Virsh(["dumpxml", domain.Name, .. flags]).Expected("virsh dumpxml").Output;

    /// <summary>A reset answers only requests that came before it.</summary>
    protected void LetGoUntilEndOf(Task detach, VgpuDomain domain)
    {
        while (!detach.Wait(TimeSpan.FromMilliseconds(200)))
            LetGo(domain);
    }

    /// <summary>The devices that a domain has, and the devices that it declares.</summary>
    protected (Guid[] Has, Guid[] Declares) Devices(VgpuDomain domain, params string[] flags)
    {
        var xml = Xml(domain, flags);
        return (Uuids(HostdevAddress(), xml), Uuids(Entry(), xml));
    }

    private static Guid[] Uuids(Regex where, string xml) => [.. where.Matches(xml).Select(m => Guid.Parse(m.Groups[1].Value))];

    [GeneratedRegex("<address uuid='([^']*)'/>")]
    private static partial Regex HostdevAddress();

    [GeneratedRegex("<mdev:hostdev uuid=\"([^\"]*)\"")]
    private static partial Regex Entry();
}
