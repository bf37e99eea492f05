using System.Text;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.HookOperations;
using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.HookOperations;

/// <summary>The hook and its worker understand each other, and each notices the other's end.</summary>
internal sealed class WorkerRequestTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    [Test]
    public void A_request_arrives_as_it_was_sent_however_large()
    {
        var (hook, worker) = SocketEnd.Pair();
        using (hook)
        using (worker)
        {
            var sent = new WorkerRequest(HookOperation.Prepare, new Moment(1_234_567_890), Guid.Parse(DomainText.Uuid), "a name\n--help",
                Encoding.UTF8.GetBytes(new string('x', 4 << 20)), new Deadline(4711));
            var sender = Task.Run(() => sent.Send(hook, Deadline.After(TimeSpan.FromSeconds(10))));
            var received = WorkerRequest.Receive(worker, Deadline.After(TimeSpan.FromSeconds(10)));
            Assert.Multiple(() =>
            {
                Assert.That(sender.Result, Is.True);
                Assert.That(received!.Operation, Is.EqualTo(HookOperation.Prepare));
                Assert.That((received.Call, received.Domain, received.Name, received.Deadline),
                    Is.EqualTo((sent.Call, sent.Domain, sent.Name, sent.Deadline)));
                Assert.That(received.Xml.Span.SequenceEqual(sent.Xml.Span), Is.True);
            });
        }
    }

    [TestCase("", "")]
    [TestCase("domain 'x': no instance is left", "")]
    [TestCase("", "<domain/>")]
    public void An_answer_that_is_read_counts_as_heard(string sentence, string xml)
    {
        var answer = new Answer(sentence.Length == 0, sentence, Encoding.UTF8.GetBytes(xml));
        var (hook, worker) = SocketEnd.Pair();
        using (worker)
        {
            Assert.That(WorkerRequest.SendAnswer(worker, answer, Deadline.After(Short)), Is.True);
            var received = WorkerRequest.ReceiveAnswer(hook, Deadline.After(Short))!;
            Assert.That((received.IsGood, received.Sentence, Encoding.UTF8.GetString(received.Xml.Span)),
                Is.EqualTo((answer.IsGood, sentence, xml)));
            hook.Dispose();
            Assert.That(worker.WasReadToTheEnd(Deadline.After(Short)), Is.True);
        }
    }

    [Test]
    public void A_rewritten_XML_arrives_as_it_was_sent_however_large()
    {
        var (hook, worker) = SocketEnd.Pair();
        using (hook)
        using (worker)
        {
            var time = Deadline.After(TimeSpan.FromSeconds(10));
            var xml = new byte[(4 << 20) + 4711];
            new Random(1).NextBytes(xml);
            var sender = Task.Run(() => WorkerRequest.SendAnswer(worker, Answer.Rewritten(xml), time));
            Assert.That(WorkerRequest.ReceiveAnswer(hook, time)!.Xml.Span.SequenceEqual(xml), Is.True);
            Assert.That(sender.Result, Is.True);
        }
    }

    [Test]
    public void An_answer_that_is_never_read_does_not()
    {
        var (hook, worker) = SocketEnd.Pair();
        using (worker)
        {
            WorkerRequest.SendAnswer(worker, Answer.Good, Deadline.After(Short));
            hook.Dispose();
            Assert.That(worker.WasReadToTheEnd(Deadline.After(Short)), Is.False);
        }
    }

    [Test]
    public void A_hook_that_has_ended_is_noticed()
    {
        var (hook, worker) = SocketEnd.Pair();
        using (worker)
        {
            Assert.That(worker.OtherEndGone, Is.False);
            hook.Dispose();
            Assert.That(worker.OtherEndGone, Is.True);
            Assert.That(new TimeBudget(Deadline.After(TimeSpan.FromMinutes(1)), worker).IsOver, Is.True);
        }
    }

    [Test]
    public void A_worker_that_ends_without_an_answer_is_noticed_at_once()
    {
        var (hook, worker) = SocketEnd.Pair();
        using (hook)
        {
            worker.Dispose();
            var begin = Environment.TickCount64;
            Assert.That(WorkerRequest.ReceiveAnswer(hook, Deadline.After(TimeSpan.FromMinutes(1))), Is.Null);
            Assert.That(Environment.TickCount64 - begin, Is.LessThan(10_000));
        }
    }

    [Test]
    public void A_worker_that_says_nothing_is_waited_for_until_the_deadline()
    {
        var (hook, worker) = SocketEnd.Pair();
        using (hook)
        using (worker)
        {
            var begin = Environment.TickCount64;
            Assert.That(WorkerRequest.ReceiveAnswer(hook, Deadline.After(Short)), Is.Null);
            Assert.That(Environment.TickCount64 - begin, Is.InRange(45, 5_000));
        }
    }

    [TestCase("prepare 1 1 4dea22b3-1d52-d8f3-2516-782e98ab3fa0 5 2147483647")]
    [TestCase("prepare 1 1 4dea22b3-1d52-d8f3-2516-782e98ab3fa0 -1 1")]
    [TestCase("prepare 1 x 4dea22b3-1d52-d8f3-2516-782e98ab3fa0 0 0"), TestCase("prepare x 1 4dea22b3-1d52-d8f3-2516-782e98ab3fa0 0 0")]
    [TestCase("prepare 1 1 no-uuid 0 0"), TestCase("prepare 1 2 3 4 5 6 7"), TestCase("prepare 1 4dea22b3-1d52-d8f3-2516-782e98ab3fa0 0 0")]
    [TestCase("")]
    public void What_is_no_request_is_none(string header)
    {
        var (hook, worker) = SocketEnd.Pair();
        using (worker)
        {
            using (hook)
                hook.SendAll(Encoding.ASCII.GetBytes(header.PadRight(128)), Deadline.After(Short));
            Assert.That(WorkerRequest.Receive(worker, Deadline.After(Short)), Is.Null);
        }
    }
}
