using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>What comes after a failure: each way has to lead where a clean run leads, and to leave nothing behind.</summary>
internal sealed class Recovery(SweptHost host, Subject subject)
{
    public static readonly string[] Ways = ["release", "prepare", "reconcile"];

    public void By(string way)
    {
        switch (way)
        {
            case "release":
                Release();
                break;
            case "prepare":
                Prepare();
                break;
            default:
                Reconcile();
                break;
        }

        End();
    }

    /// <summary>
    /// libvirt calls release once, and the hook does nothing for a domain without a record. Then the other two have to do it.
    /// </summary>
    private void Release()
    {
        var hadRecord = host.HasRecord(subject.Domain);
        subject.Call("release");
        if (hadRecord)
            subject.MustBeAs(subject.Idle, "release");
    }

    private void Prepare()
    {
        subject.Call("prepare");
        // Without a declaration the hook did not even look.
        if (!subject.Domain.Vgpus.IsEmpty)
            subject.MustBeAs(subject.Prepared, "prepare");
        subject.Call("release");
        if (!subject.Domain.Vgpus.IsEmpty)
            subject.MustBeAs(subject.Idle, "prepare and release");
    }

    private void Reconcile()
    {
        Apply();
        if (subject.Operation == "migrate")
            return;
        if (subject.Operation != "attach")
            subject.MustBeIdle("reconcile");
        else if (host.Virsh.Has(subject.Domain).Devices == subject.Guest!.Value.Devices)
            subject.MustBeAs(subject.Done, "reconcile of a guest that has the device", wherever: true);
        else
            subject.MustBeAs(subject.Arranged, "reconcile of a guest that has no more than before");
    }

    /// <summary>After this, nothing may be left.</summary>
    private void End()
    {
        if (host.HasRecord(subject.Domain))
            subject.Call("release");
        host.Virsh.End(subject.Domain.Uuid);
        if (!subject.IsClean)
            Apply();
        // A reservation counts for a while, unless the domain comes.
        if (subject.Operation == "migrate")
        {
            subject.Call("prepare");
            subject.MustBeAs(subject.Prepared, "prepare");
            subject.Call("release");
        }

        subject.MustBeIdle("everything");
        host.OthersMustBeUntouched();
    }

    private void Apply()
    {
        var outcome = host.VirtMdev(null, "reconcile", "--apply");
        Assert.That((outcome.Status, outcome.Errors), Is.EqualTo((0, "")), $"reconcile --apply: {outcome.Output}");
    }
}
