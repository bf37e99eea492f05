using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.HotPlug;

/// <summary>
/// A domain whose devices are changed while it runs, as libvirt sees it. Each change is one call of
/// virsh. What the domain was before is read again each time, so that others' changes to it stay.
/// </summary>
internal sealed class VirshDomain(VirshClient virsh, Guid uuid, HotPlugRequest request)
{
    /// <summary>What undoing is given, whatever time was used up before.</summary>
    public static readonly TimeSpan UndoTime = TimeSpan.FromSeconds(20);

    /// <summary>Changes a domain while no other attach or detach of it is at work.</summary>
    /// <param name="change">
    /// Given the domain as it is once the others have ended: they may have changed it.
    /// </param>
    public static Answer Change(
        OperationContext context, VirshClient virsh, HotPlugRequest request, Func<VirshDomain, EditableDomain, Answer> change)
    {
        context.Records.MakeFolders();
        var named = virsh.Domain(request.Domain);
        if (named.Value is null)
            return Answer.Refused(named.Reason);
        using var alone = context.Records.LockHotPlug(named.Value.Uuid, request.Deadline);
        if (alone is null)
            return Answer.Refused(named.Value.Name, "another attach or detach is still at work");
        var virshDomain = new VirshDomain(virsh, named.Value.Uuid, request);
        var now = virshDomain.Look();
        return now.Value is { } guest ? change(virshDomain, guest) : Answer.Refused(now.Reason);
    }

    private DeviceId Device => request.Device;

    public VirshAnswer<EditableDomain> Look(Affect affect = Affect.Live) =>
        virsh.Domain($"{uuid}", isDefined: affect == Affect.Config);

    /// <param name="undo">Gets what takes back the change, if there is one.</param>
    public Reason? TryDeclare(Affect affect, Stack<Func<Reason?>> undo)
    {
        var domain = Look(affect);
        if (domain.Value is null)
            return domain.Reason;
        if (domain.Value.Declares(Device))
            return null;
        undo.Push(() => TryUndeclare(affect));
        return TrySetMetadata(domain.Value, domain.Value.With(request.Requested), affect);
    }

    /// <returns>Null also where the device was not declared.</returns>
    public Reason? TryUndeclare(Affect affect)
    {
        var domain = Look(affect);
        if (domain.Value is null)
            return domain.Reason;
        // What was only for the life of the domain has ended with it.
        var isThere = domain.Value.Declares(Device) && (affect == Affect.Config || domain.Value.IsActive);
        return isThere ? TrySetMetadata(domain.Value, domain.Value.Without(Device), affect) : null;
    }

    /// <param name="model">libvirt's model of a mediated device.</param>
    public VirshAnswer<string> Attach(Affect affect, string model) =>
        virsh.Run(["attach-device", $"{uuid}", VirshClient.Input, Flag(affect)], HostdevXml.Of(Device, model), Until(affect));

    public VirshAnswer<string> Detach(Affect affect, string? model)
    {
        var hostdev = HostdevXml.Of(Device, model ?? HostdevXml.UsualModel);
        return virsh.Run(["detach-device", $"{uuid}", VirshClient.Input, Flag(affect)], hostdev, Until(affect));
    }

    /// <returns>Null also where the device was not defined for the next start.</returns>
    public Reason? TryUndefine()
    {
        var defined = Look(Affect.Config);
        if (defined.Value is null)
            return defined.Reason;
        if (defined.Value.Find(Device) is not { } entry)
            return null;
        var answer = Detach(Affect.Config, entry.Model);
        return answer.Value is null ? answer.Reason : null;
    }

    /// <summary>
    /// A guest that runs, and the device's driver, take their time; that is what the person waits
    /// for.
    /// </summary>
    private Deadline Until(Affect affect) => affect == Affect.Live ? request.Deadline : default;

    private static string Flag(Affect affect) => affect == Affect.Live ? "--live" : "--config";

    /// <param name="text">Null to take the whole declaration away.</param>
    private Reason? TrySetMetadata(EditableDomain domain, string? text, Affect affect)
    {
        string[] what = text is null ? ["--remove"] : ["--key", domain.Prefix, $"--set={text}"];
        var answer = virsh.Run(["metadata", $"{uuid}", "--uri", DeclarationXml.Namespace, Flag(affect), .. what]);
        return answer.Value is null ? answer.Reason : null;
    }
}
