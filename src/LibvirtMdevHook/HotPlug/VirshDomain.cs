using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.HotPlug;

/// <summary>
/// A domain whose devices are changed while it runs, as libvirt sees it. Each change is one call of virsh; what it was before is read
/// again each time, so that others' changes to the domain stay.
/// </summary>
internal sealed class VirshDomain(VirshClient virsh, Guid uuid, HotPlugRequest request)
{
    /// <summary>What undoing is given, whatever time was used up before.</summary>
    public static readonly TimeSpan UndoTime = TimeSpan.FromSeconds(20);

    /// <summary>No other attach or detach of the domain is at work meanwhile.</summary>
    /// <param name="change">Given the domain as it is then: what it was before may be what another one has changed since.</param>
    public static Answer Change(OperationContext context, VirshClient virsh, HotPlugRequest request, Func<VirshDomain, EditableDomain, Answer> change)
    {
        context.Records.MakeFolders();
        var named = virsh.Domain(request.Domain);
        if (named.Value is null)
            return Answer.Refused(named.Reason);
        using var alone = context.Records.LockHotPlug(named.Value.Uuid, request.Deadline);
        if (alone is null)
            return Answer.Refused($"domain '{named.Value.Name}': another attach or detach is still at work");
        var virshDomain = new VirshDomain(virsh, named.Value.Uuid, request);
        var now = virshDomain.Look();
        return now.Value is { } guest ? change(virshDomain, guest) : Answer.Refused(now.Reason);
    }

    private DeviceId Device => request.Device;

    public VirshAnswer<EditableDomain> Look(Affect affect = Affect.Live) =>
        virsh.Domain($"{uuid}", isDefined: affect == Affect.Config);

    /// <param name="undo">Gets what takes back the change, if there is one.</param>
    /// <returns>Why not, as half a sentence; null when the device is declared.</returns>
    public string? Declare(Affect affect, Stack<Func<string?>> undo)
    {
        var domain = Look(affect);
        if (domain.Value is null)
            return domain.Reason;
        if (domain.Value.Declares(Device))
            return null;
        undo.Push(() => Undeclare(affect));
        return SetMetadata(domain.Value, domain.Value.With(request.Requested), affect);
    }

    /// <returns>Why not, as half a sentence; null when the device is not declared any more.</returns>
    public string? Undeclare(Affect affect)
    {
        var domain = Look(affect);
        if (domain.Value is null)
            return domain.Reason;
        // What was only for the life of the domain has ended with it.
        var isThere = domain.Value.Declares(Device) && (affect == Affect.Config || domain.Value.IsActive);
        return isThere ? SetMetadata(domain.Value, domain.Value.Without(Device), affect) : null;
    }

    /// <param name="model">libvirt's model of a mediated device.</param>
    public VirshAnswer<string> Attach(Affect affect, string model) =>
        virsh.Run(["attach-device", $"{uuid}", VirshClient.Input, Flag(affect)], HostdevXml.Of(Device, model), Until(affect));

    public VirshAnswer<string> Detach(Affect affect, string? model) => virsh.Run(
        ["detach-device", $"{uuid}", VirshClient.Input, Flag(affect)], HostdevXml.Of(Device, model ?? HostdevXml.UsualModel), Until(affect));

    /// <returns>Why not, as half a sentence; null when the device is not defined for the next start.</returns>
    public string? Undefine()
    {
        var defined = Look(Affect.Config);
        if (defined.Value is null)
            return defined.Reason;
        return defined.Value.Find(Device) is { } entry && Detach(Affect.Config, entry.Model) is { Value: null } answer ? answer.Reason : null;
    }

    /// <summary>A guest that runs, and the device's driver, take their time; that is what the person waits for.</summary>
    private Deadline Until(Affect affect) => affect == Affect.Live ? request.Deadline : default;

    private static string Flag(Affect affect) => affect == Affect.Live ? "--live" : "--config";

    /// <param name="text">Null to take the whole declaration away.</param>
    private string? SetMetadata(EditableDomain domain, string? text, Affect affect)
    {
        string[] what = text is null ? ["--remove"] : ["--key", domain.Prefix, $"--set={text}"];
        var answer = virsh.Run(["metadata", $"{uuid}", "--uri", DeclarationXml.Namespace, Flag(affect), .. what]);
        return answer.Value is null ? answer.Reason : null;
    }
}
